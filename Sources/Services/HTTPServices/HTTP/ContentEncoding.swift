import Gzip
import NIOHTTP1

/// The encoding of a metrics response, by the client's `Accept-Encoding`.
enum ContentEncoding: String {
    // In order of preference: of equal weights the first wins, as in Prometheus's library.
    case identity, gzip

    private static let offers = [identity, gzip]

    init(accepted headers: HTTPHeaders) {
        var best = ContentEncoding.identity
        var bestWeight = -1.0
        let specs = headers[canonicalForm: "Accept-Encoding"].compactMap(Self.spec)
        for offer in Self.offers {
            for spec in specs where spec.name == "*" || spec.name == offer.rawValue {
                guard spec.weight > bestWeight else { continue }
                (best, bestWeight) = (offer, spec.weight)
            }
        }
        self = bestWeight == 0 ? .identity : best
    }

    /// `gzip;q=0.5`: the name and the weight, which is 1 without one; nil for a weight that is
    /// none.
    private static func spec(_ text: Substring) -> (name: Substring, weight: Double)? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.drop(while: \.isWhitespace).prefix { !$0.isWhitespace } }
        guard let name = parts.first, !name.isEmpty else { return nil }
        guard parts.count > 1 else { return (name, 1) }
        guard parts[1].hasPrefix("q="), let weight = Double(parts[1].dropFirst(2)),
            (0...1).contains(weight)
        else { return nil }
        return (name, weight)
    }
}

extension HTTPResponse {
    /// Compresses the body. Not to be called on an event loop, since it may take long.
    mutating func compress() {
        // When out of memory the body is not compressed.
        guard let compressor = GzipCompressor() else { return }
        var output: [UInt8] = []
        body.withUnsafeBytes { compressor.compress($0, into: &output) }
        body = output
        headers.add(name: "Content-Encoding", value: ContentEncoding.gzip.rawValue)
    }
}
