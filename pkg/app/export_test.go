package app

// OwnerKey is for tests of what it depends on.
var OwnerKey = ownerKey

// FunctionTelemetry is for tests of what a function sends.
var FunctionTelemetry = functionTelemetry
