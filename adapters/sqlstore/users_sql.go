package sqlstore

// The statements about users, in the one text that both databases take.

// selectUser reads a user with roles and identities, a row for each identity.
const selectUser = `SELECT u.id, coalesce(u.username, ''), u.email_sealed, u.phone_sealed, u.nickname, u.avatar_url, u.status,
	u.version, u.created_at, u.updated_at,
	coalesce((SELECT string_agg(r.role, ',') FROM user_roles r WHERE r.user_id = u.id), ''),
	i.id, coalesce(i.app_id, ''), i.openid_sealed, i.unionid_sealed, i.linked_at`

const userByID = selectUser + `
FROM users u LEFT JOIN identities i ON i.user_id = u.id
WHERE u.id = $1
ORDER BY i.linked_at, i.id`

const userByWeChat = selectUser + `
FROM identities found JOIN users u ON u.id = found.user_id JOIN identities i ON i.user_id = u.id
WHERE found.provider = 'wechat' AND found.app_id = $1 AND found.openid_index = $2
ORDER BY i.linked_at, i.id`

// lockUser comes before userByID and not with it: a statement that waits for a lock sees other tables as they were before.
const lockUser = `SELECT FROM users WHERE id = $1 FOR UPDATE`

const insertUser = `INSERT INTO users (id, username, username_folded, email_sealed, email_index, phone_sealed, phone_index,
	nickname, avatar_url, status, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

const insertIdentity = `INSERT INTO identities (user_id, id, provider, app_id, openid_sealed, openid_index, unionid_sealed,
	unionid_index, linked_at)
VALUES ($1, $2, 'wechat', $3, $4, $5, $6, $7, $8)`

const insertRole = `INSERT INTO user_roles (user_id, role) VALUES ($1, $2)`

const deleteRoles = `DELETE FROM user_roles WHERE user_id = $1`

const updateUser = `UPDATE users SET username = $3, username_folded = $4, email_sealed = $5, email_index = $6,
	phone_sealed = $7, phone_index = $8, nickname = $9, avatar_url = $10, status = $11, version = $12, updated_at = $13
WHERE id = $1 AND version = $2`
