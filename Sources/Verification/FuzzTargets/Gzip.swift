internal import Gzip

/// Inflates bytes as a client might send them, within a limit, and what was compressed here.
package func fuzzGzip(_ input: UnsafeRawBufferPointer) {
    guard let inflater = GzipInflater(), let compressor = GzipCompressor() else {
        preconditionFailure("there is memory for zlib")
    }
    let limit = 100_000
    for bytes in [input, UnsafeRawBufferPointer(rebasing: input.dropFirst())] {
        do throws(GzipError) {
            let output = try inflater.inflated(bytes, maximumBytes: limit)
            precondition(output.count <= limit, "the limit holds")
        } catch {
            // Damaged input is told as such.
            _ = error
        }
    }
    var compressed: [UInt8] = []
    compressor.compress(input, into: &compressed)
    do throws(GzipError) {
        let output = try inflater.inflated(compressed, maximumBytes: input.count)
        precondition(output.elementsEqual(input), "what was compressed comes back")
    } catch {
        preconditionFailure("what was compressed inflates")
    }
}
