/// The first byte of an element of DER: class, constructed or not, and number.
struct DERTag: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8

    static let boolean = DERTag(rawValue: 1)
    static let integer = DERTag(rawValue: 2)
    static let bitString = DERTag(rawValue: 3)
    static let octetString = DERTag(rawValue: 4)
    static let null = DERTag(rawValue: 5)
    static let objectIdentifier = DERTag(rawValue: 6)
    static let enumerated = DERTag(rawValue: 10)
    static let utf8String = DERTag(rawValue: 12)
    static let numericString = DERTag(rawValue: 18)
    static let printableString = DERTag(rawValue: 19)
    static let teletexString = DERTag(rawValue: 20)
    static let ia5String = DERTag(rawValue: 22)
    static let utcTime = DERTag(rawValue: 23)
    static let generalizedTime = DERTag(rawValue: 24)
    static let bmpString = DERTag(rawValue: 30)
    static let sequence = DERTag(rawValue: 0x30)
    static let set = DERTag(rawValue: 0x31)

    /// A context-specific tag of a primitive element; `number` is below 31.
    static func context(_ number: UInt8) -> DERTag { DERTag(rawValue: 0x80 | number) }

    /// A context-specific tag of a constructed element; `number` is below 31.
    static func contextConstructed(_ number: UInt8) -> DERTag { DERTag(rawValue: 0xa0 | number) }
}
