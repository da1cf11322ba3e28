import MVCC

/// Decodes any bytes as a key of the `key` bucket; a decoded key must encode to the same bytes.
package func fuzzRevisionKey(_ input: UnsafeRawBufferPointer) {
    guard let key = RevisionKey(decoding: input) else { return }
    let encoded = key.encoded
    let kept = encoded.prefix(RevisionKey.sizeBytes)
    precondition(
        input.prefix(RevisionKey.sizeBytes).elementsEqual(kept), "a revision key survives")
    precondition(
        key.isTombstone == (encoded.count == RevisionKey.tombstoneSizeBytes),
        "only a tombstone has 18 bytes")
}
