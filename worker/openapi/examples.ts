/** A public key (EC P-256) that nobody holds the private half of. */
export const PUBLIC_KEY =
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEG8m0AniebVRaV73vO2o43d8Hwva3uBjRF+BlVtaseeXXNymcBL5ZvmMmh43qGDP2xBw5nlcGN7K5Sq05eW9PGw==";

/** A token of the account "acme" that was signed with it. */
export const TOKEN = [
	"eyJhbGciOiJFUzI1NiJ9",
	"eyJhY2NpZCI6ImFjbWUiLCJ1aWQiOiJhbm4iLCJpYXQiOjE3OTUwMDAwMDAsImV4cCI6MTc5NzAwMDAwMH0",
	"ViY4sIzonXIGxwYaquJGKk1q-iFNb_VWEOLZ7tM5qLzwlQCl0_XFZsMHC2UYdjoaslH6_nsNiDpyjvB1RxbVpw",
].join(".");
