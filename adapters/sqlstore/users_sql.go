package sqlstore

// The statements about users, in the one text that both databases take.

// A user is a row for each identity, in no order: to sort costs the database more than it costs whoever reads a row or two.
// Of nearly everybody, one identity is all that other tables hold. Such a user is plain, and found without a look for more;
// the roles of any other are null, and it has to be read whole.
const (
	selectUser = `SELECT u.id, coalesce(u.username, ''), u.email_sealed, u.phone_sealed, u.nickname, u.avatar_url, u.status,
	u.delete_at, u.version, u.created_at, u.updated_at, i.id, coalesce(i.app_id, ''), i.openid_sealed, i.unionid_sealed, i.linked_at,
	coalesce(u.password_hash, ''),`

	plainRoles = ` CASE WHEN u.plain THEN '' END`
	allRoles   = ` coalesce((SELECT string_agg(r.role, ',') FROM user_roles r WHERE r.user_id = u.id), '')`

	userByID = selectUser + plainRoles + `
FROM users u LEFT JOIN identities i ON i.user_id = u.id
WHERE u.id = $1`

	userByWeChat = selectUser + plainRoles + `
FROM identities i JOIN users u ON u.id = i.user_id
WHERE i.provider = 'wechat' AND i.app_id = $1 AND i.openid_index = $2`

	// userByWeChatNext is for the time in which the index key is replaced.
	userByWeChatNext = selectUser + plainRoles + `
FROM identities i JOIN users u ON u.id = i.user_id
WHERE i.provider = 'wechat' AND i.app_id = $1 AND i.openid_index_next = $2`

	wholeUser = selectUser + allRoles + `
FROM users u LEFT JOIN identities i ON i.user_id = u.id
WHERE u.id = $1`
)

// lockUser comes before wholeUser and not with it: a statement that waits for a lock sees other tables as they were before.
const lockUser = `SELECT FROM users WHERE id = $1 FOR UPDATE`

const insertUser = `INSERT INTO users (id, username, username_folded, email_sealed, email_index, email_index_next, phone_sealed,
	phone_index, phone_index_next, nickname, avatar_url, status, plain, delete_at, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`

const insertIdentity = `INSERT INTO identities (user_id, id, provider, app_id, openid_sealed, openid_index, openid_index_next,
	unionid_sealed, unionid_index, unionid_index_next, linked_at)
VALUES ($1, $2, 'wechat', $3, $4, $5, $6, $7, $8, $9, $10)`

// insertNewIdentity is insertIdentity, unless another user has the unionid. While the index key is replaced, that user may be
// found by either digest in either column.
const (
	insertNewIdentity     = selectNewIdentity + `other.unionid_index = $8)`
	insertNewIdentityNext = selectNewIdentity + `(other.unionid_index IN ($8, $9) OR other.unionid_index_next IN ($8, $9)))`

	selectNewIdentity = `INSERT INTO identities (user_id, id, provider, app_id, openid_sealed, openid_index, openid_index_next,
	unionid_sealed, unionid_index, unionid_index_next, linked_at)
SELECT $1, $2, 'wechat', $3, $4, $5, $6, $7, $8, $9, $10
WHERE NOT EXISTS (SELECT 1 FROM identities other WHERE other.user_id <> $1 AND `
)

// lockUnionID lets one registration of a unionid through at a time. It comes before insertNewIdentity and not with it: a
// statement sees what was committed when it began, and not while it waited.
const lockUnionID = `SELECT pg_advisory_xact_lock(hashtextextended('menjin unionid ' || encode($1, 'hex'), 0))`

const insertRole = `INSERT INTO user_roles (user_id, role) VALUES ($1, $2)`

// updateUnionID keeps the row, to whose id the ciphertext is bound.
const updateUnionID = `UPDATE identities SET unionid_sealed = $3, unionid_index = $4, unionid_index_next = $5
WHERE user_id = $1 AND id = $2`

const deleteIdentity = `DELETE FROM identities WHERE user_id = $1 AND id = $2`

const deleteIdentities = `DELETE FROM identities WHERE user_id = $1`

const deleteUser = `DELETE FROM users WHERE id = $1`

// setPassword is a statement of its own, as hardly any change is one of the password.
const setPassword = `UPDATE users SET password_hash = $2 WHERE id = $1`

const deleteRoles = `DELETE FROM user_roles WHERE user_id = $1`

const updateUser = `UPDATE users SET username = $3, username_folded = $4, email_sealed = $5, email_index = $6,
	email_index_next = $7, phone_sealed = $8, phone_index = $9, phone_index_next = $10, nickname = $11, avatar_url = $12,
	status = $13, plain = $14, delete_at = $15, version = $16, updated_at = $17
WHERE id = $1 AND version = $2`
