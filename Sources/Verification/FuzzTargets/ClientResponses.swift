import EtcdClient

/// Decodes the responses that the client library reads.
package func fuzzClientResponses(_ input: UnsafeRawBufferPointer) {
    EtcdClient.decode(response: Array(input))
}
