internal import Gzip

/// Inflates bytes from a client, with a limit, and bytes compressed here.
package func fuzzGzip(_ input: UnsafeRawBufferPointer) {
    guard let inflater = GzipInflater(), let compressor = GzipCompressor() else {
        preconditionFailure("there is memory for zlib")
    }
    let limit = 100_000
    for bytes in [input, UnsafeRawBufferPointer(rebasing: input.dropFirst())] {
        do throws(GzipError) {
            let output = try inflater.inflated(bytes, bytesMax: limit)
            precondition(output.count <= limit, "the limit holds")
        } catch {
            // Damaged input is reported as an error.
            _ = error
        }
    }
    var compressed: [UInt8] = []
    compressor.compress(input, into: &compressed)
    do throws(GzipError) {
        let output = try inflater.inflated(compressed, bytesMax: input.count)
        precondition(output.elementsEqual(input), "compressed bytes survive")
    } catch {
        preconditionFailure("compressed bytes inflate")
    }
}
