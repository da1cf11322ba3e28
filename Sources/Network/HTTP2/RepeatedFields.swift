internal import CNGHTTP2

/// Header fields that a client repeats in each request, known by the buffers of nghttp2.
///
/// An indexed field of HPACK has the same buffers each time as long as its table entry exists. A
/// field found here is neither read nor checked again.
///
/// Invariant: each kept field retains its buffers, so that no other field can have the same ones.
final class RepeatedFields {
    /// Fields of this size with their overhead are kept.
    static let fieldBytesMax = 1_024
    private static let slotsMax = 16

    struct Field {
        fileprivate let name: OpaquePointer
        fileprivate let value: OpaquePointer
        /// The size of the field with its overhead.
        let bytes: UInt16
        /// What the delegate of its stream makes of it.
        let effect: UInt16
    }

    // Not an array: it would be retained and released for each field of each request.
    private let slots = UnsafeMutablePointer<Field?>.allocate(capacity: slotsMax)

    init() { slots.initialize(repeating: nil, count: Self.slotsMax) }

    deinit {
        for slot in 0..<Self.slotsMax {
            if let field = slots[slot] { Self.release(field) }
        }
        slots.deallocate()
    }

    func find(_ name: OpaquePointer, _ value: OpaquePointer) -> Field? {
        guard let field = slots[Self.slot(name, value)], field.name == name, field.value == value
        else { return nil }
        return field
    }

    /// Keeps a field; it replaces the field that occupies its slot.
    func keep(_ name: OpaquePointer, _ value: OpaquePointer, bytes: UInt16, _ effect: UInt16) {
        nghttp2_rcbuf_incref(name)
        nghttp2_rcbuf_incref(value)
        let slot = Self.slot(name, value)
        if let replaced = slots[slot] { Self.release(replaced) }
        slots[slot] = Field(name: name, value: value, bytes: bytes, effect: effect)
    }

    /// Buffers are aligned to 16 bytes, static ones to 8.
    private static func slot(_ name: OpaquePointer, _ value: OpaquePointer) -> Int {
        let bits = UInt(bitPattern: name) &+ UInt(bitPattern: value) &* 3
        return Int((bits >> 4 ^ bits >> 9) & UInt(slotsMax - 1))
    }

    private static func release(_ field: Field) {
        nghttp2_rcbuf_decref(field.name)
        nghttp2_rcbuf_decref(field.value)
    }
}
