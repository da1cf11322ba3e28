internal import CNGHTTP2

/// A list of header fields in nghttp2's memory layout.
///
/// A block that is sent repeatedly is created once as a constant and not copied by nghttp2.
package final class HTTP2HeaderBlock: @unchecked Sendable {  // immutable after init
    let fields: UnsafeMutableBufferPointer<nghttp2_nv>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    /// - Parameter isConstant: the block is never freed while a session exists, so that nghttp2 can
    ///   refer to its bytes instead of copying them.
    package init(_ list: [(name: [UInt8], value: [UInt8])], isConstant: Bool = false) {
        let total = list.reduce(0) { $0 + $1.name.count + $1.value.count }
        bytes = .allocate(capacity: max(total, 1))
        bytes.initialize(repeating: 0)
        fields = .allocate(capacity: list.count)
        let noCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        let flags = UInt8(isConstant ? noCopy : NGHTTP2_NV_FLAG_NONE.rawValue)
        var position = bytes.baseAddress
        func copy(_ source: [UInt8]) -> UnsafeMutablePointer<UInt8>? {
            defer { position = position?.advanced(by: source.count) }
            for (index, byte) in source.enumerated() { position?[index] = byte }
            return position
        }
        for (index, field) in list.enumerated() {
            let name = copy(field.name)
            let value = copy(field.value)
            let entry = nghttp2_nv(
                name: name, value: value, namelen: field.name.count, valuelen: field.value.count,
                flags: flags)
            fields.initializeElement(at: index, to: entry)
        }
    }

    /// Creates a block of fields given as text.
    package convenience init(_ list: [(String, String)], isConstant: Bool = false) {
        self.init(list.map { (Array($0.0.utf8), Array($0.1.utf8)) }, isConstant: isConstant)
    }

    deinit {
        fields.deallocate()
        bytes.deallocate()
    }
}
