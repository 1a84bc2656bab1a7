package app

// OwnerKey is for tests of what it depends on.
var OwnerKey = ownerKey
