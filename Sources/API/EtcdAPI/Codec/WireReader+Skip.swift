extension WireReader {
    /// Skips the value of an unknown field.
    @inline(never)
    package mutating func skip(_ tag: WireTag) throws(WireError) {
        switch tag.wireType {
        case 0: _ = try varint()
        case 1: try advance(8)
        case 2: try advance(try length())
        case 3: try skipGroup(tag.fieldNumber)
        case 4: throw .unmatchedGroup
        case 5: try advance(4)
        default: throw .malformedTag
        }
    }

    private mutating func skipGroup(_ fieldNumber: UInt32) throws(WireError) {
        guard depthRemaining > 0 else { throw .nestedTooDeeply }
        depthRemaining -= 1
        while let tag = try nextTag() {
            if tag.wireType == 4 {
                guard tag.fieldNumber == fieldNumber else { throw .unmatchedGroup }
                depthRemaining += 1
                return
            }
            try skip(tag)
        }
        throw .truncated
    }
}
