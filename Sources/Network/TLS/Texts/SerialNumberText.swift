/// A serial number in decimal digits; in hexadecimal ones if it is longer than the 20 bytes that
/// RFC 5280 allows.
func serial(_ bytes: [UInt8]) -> String {
    guard bytes.count <= 20 else { return hexadecimal(bytes) }
    // From the last digit to the first.
    var digits: [UInt8] = [0]
    for byte in bytes {
        var carry = Int(byte)
        for index in digits.indices {
            let value = (Int(digits[index]) << 8) + carry
            digits[index] = UInt8(value % 10)
            carry = value / 10
        }
        while carry > 0 {
            digits.append(UInt8(carry % 10))
            carry /= 10
        }
    }
    return digits.reversed().map(String.init).joined()
}
