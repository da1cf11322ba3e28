@testable import TLS

/// Revocation lists in DER, whose signature is not one.
struct RevocationListBuilder {
    var version: [UInt8] = [1]
    var nextUpdate: Int64 = 4_000_000_000

    func build(_ serialNumbers: [[UInt8]]) -> [UInt8] {
        let algorithm = DERWriter.sequence(DERWriter.objectIdentifier(.ecdsaWithSHA256))
        let entries = serialNumbers.map {
            DERWriter.sequence(DERWriter.integer($0), DERWriter.time(1_000_000_000))
        }
        let signedPart = DERWriter.sequence(
            DERWriter.integer(version), algorithm, DERWriter.sequence(),
            DERWriter.time(1_000_000_000), DERWriter.time(nextUpdate),
            entries.isEmpty ? [] : DERWriter.element(.sequence, entries.flatMap { $0 }))
        return DERWriter.sequence(signedPart, algorithm, DERWriter.bitString([1, 2, 3]))
    }
}
