package app

// OwnerKeys is for tests of what they depend on.
var OwnerKeys = ownerKeys
