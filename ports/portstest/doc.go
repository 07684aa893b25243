// Package portstest holds a contract suite for each port. An adapter proves itself by running the suite of what it
// implements, in a test of its own:
//
//	func TestStore(t *testing.T) {
//		portstest.Store(t, func(t *testing.T, options portstest.StoreOptions) portstest.StoreParts {
//			store := memory.NewStore(options.Codec, options.OnCommit, memory.StoreOptions{Shards: options.Shards})
//			return portstest.StoreParts{
//				Users: store, Finder: store, Browser: store, Tx: store, Audit: store, AuditArchive: store.AuditArchive(),
//				InboxArchive: store.InboxArchive(), Deletions: store,
//				Queue: store, Ledger: store, Archive: store, History: store, Eraser: store,
//			}
//		})
//	}
//
// A suite calls the open function it is given once per case, and the cases run in parallel; what open returns shares
// nothing with what it returned before and is closed by t.Cleanup. Everything a suite asks for is in the documentation of
// the port; where a suite and the documentation disagree, one of them has a bug.
package portstest
