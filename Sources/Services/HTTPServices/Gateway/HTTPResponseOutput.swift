/// The side of a connection on which the response of one exchange goes out. Used on its event loop.
protocol HTTPResponseOutput: AnyObject {
    /// Whether a response may start before the request has ended: over HTTP/2, not over HTTP/1,
    /// whose clients read it only then.
    var isFullDuplex: Bool { get }
    /// Whether the client reads what is sent; `GatewayExchange.becameWritable` follows a false.
    var isWritable: Bool { get }
    /// Sends a whole response.
    func send(_ response: HTTPResponse)
    /// Sends the head of a response whose body follows.
    func begin(_ response: HTTPResponse)
    func write(_ bytes: [UInt8])
    func end()
    /// Ends the connection or the stream: the response cannot be completed.
    func abort()
}
