package import Prometheus
package import NIOCore
import NIOHTTP1

/// The kind of a listener: the paths it serves over HTTP/1.1.
package enum HTTPListener: Sendable {
    /// All paths, for clients.
    case client
    /// Only health and metrics, without CORS headers.
    case metrics
}

/// The HTTP/1.1 service of the client and metrics listeners: health, versions, metrics.
///
/// It owns no socket: the listener calls `configure` for each HTTP/1.1 connection. A connection is
/// served on its event loop, one request at a time.
package final class HTTPService: Sendable {
    /// Updates mirrored counters before the metrics are rendered.
    package typealias BeforeScrape = @Sendable (any EventLoop) -> EventLoopFuture<Void>

    let source: any HealthSource
    let registry: MetricRegistry
    package let configuration: HTTPServiceConfiguration
    let healthMetrics: HealthMetrics
    let beforeScrape: BeforeScrape
    let observe: @Sendable (HTTPEvent) -> Void

    /// - Parameters:
    ///   - beforeScrape: called on the event loop of the scrape; its failure is ignored.
    ///   - observe: receives events to be logged, on event loops.
    package init(
        source: any HealthSource, registry: MetricRegistry, configuration: HTTPServiceConfiguration,
        beforeScrape: @escaping BeforeScrape = { $0.makeSucceededVoidFuture() },
        observe: @escaping @Sendable (HTTPEvent) -> Void = { _ in }
    ) {
        self.source = source
        self.registry = registry
        self.configuration = configuration
        self.beforeScrape = beforeScrape
        self.observe = observe
        healthMetrics = HealthMetrics(registry: registry)
    }

    /// Adds the HTTP/1.1 handlers to a channel. Call on the channel's event loop.
    ///
    /// - Parameter isEncrypted: whether the channel uses TLS; then any `Host` is accepted.
    package func configure(
        channel: any Channel, listener: HTTPListener, isEncrypted: Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = configuration.headerBytesMax
        limits.maxHeaderFieldSize = min(limits.maxHeaderFieldSize, configuration.headerBytesMax)
        limits.maxHeaderFieldCount = configuration.headerFieldsMax
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(
                    leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(
            HTTPConnection(service: self, listener: listener, isEncrypted: isEncrypted))
    }
}

/// Events of requests to be logged.
package enum HTTPEvent: Sendable, Equatable {
    /// A plaintext request had a `Host` that is not allowed.
    case hostRejected(String)
    /// A health check failed.
    case unhealthy(path: String, output: String, status: Int)
}
