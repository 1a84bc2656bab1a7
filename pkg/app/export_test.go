package app

// FunctionTelemetry is for tests of what a function sends.
var FunctionTelemetry = functionTelemetry
