internal import CNGHTTP2

/// A list of header fields laid out as nghttp2 wants it.
///
/// A block that is used again and again is made once as a constant and sent without copying.
package final class HTTP2HeaderBlock: @unchecked Sendable {  // immutable after init
    let fields: UnsafeMutableBufferPointer<nghttp2_nv>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    /// Lays out `fields`. `isConstant` promises that the block is never freed while a session
    /// lives: nghttp2 then points into it instead of copying.
    package init(_ list: [(name: [UInt8], value: [UInt8])], isConstant: Bool = false) {
        let total = list.reduce(0) { $0 + $1.name.count + $1.value.count }
        bytes = .allocate(capacity: max(total, 1))
        bytes.initialize(repeating: 0)
        fields = .allocate(capacity: list.count)
        let noCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        let flags = UInt8(isConstant ? noCopy : NGHTTP2_NV_FLAG_NONE.rawValue)
        var position = bytes.baseAddress
        func place(_ source: [UInt8]) -> UnsafeMutablePointer<UInt8>? {
            defer { position = position?.advanced(by: source.count) }
            for (index, byte) in source.enumerated() { position?[index] = byte }
            return position
        }
        for (index, field) in list.enumerated() {
            let name = place(field.name)
            let value = place(field.value)
            let entry = nghttp2_nv(
                name: name, value: value, namelen: field.name.count, valuelen: field.value.count,
                flags: flags)
            fields.initializeElement(at: index, to: entry)
        }
    }

    /// Lays out fields given as text.
    package convenience init(_ list: [(String, String)], isConstant: Bool = false) {
        self.init(list.map { (Array($0.0.utf8), Array($0.1.utf8)) }, isConstant: isConstant)
    }

    deinit {
        fields.deallocate()
        bytes.deallocate()
    }
}
