/// Why bytes cannot be decoded as a message.
package enum WireError: Error, Equatable, Sendable {
    /// The input ends inside a field, or a length reaches past the end.
    case truncated
    /// A varint of more than ten bytes or more than 64 bits.
    case malformedVarint
    /// A field number of zero or above 2^29 - 1, or one of the two unused wire types.
    case malformedTag
    /// An end-group tag without a start, or of another group than the innermost.
    case unmatchedGroup
    /// Messages or groups nested deeper than the reader's limit.
    case nestedTooDeeply
    /// A string field that is not UTF-8.
    case malformedText
}
