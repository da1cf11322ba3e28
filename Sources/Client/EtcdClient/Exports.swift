// Revisions are part of this library's API: a program that imports it can name and compare them.
@_exported public import Identifiers
