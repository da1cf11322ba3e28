package import ConnectionIdentity
package import HTTP2
package import NIOCore
import NIOHTTP1
package import Prometheus

/// The kind of a listener: the paths it serves.
package enum HTTPListener: Sendable {
    /// All paths, for clients.
    case client
    /// Only health and metrics, without CORS headers.
    case metrics
}

/// The HTTP service of the client and metrics listeners: health, versions, metrics.
///
/// It owns no socket. The listener calls `configure` for each HTTP/1.1 connection, which is served
/// one request at a time, and `configureHTTP2` for each HTTP/2 connection of a port without gRPC.
/// On a port with gRPC, `requestHandler` serves what is not a call. A connection is served on its
/// event loop.
package final class HTTPService: Sendable {
    /// Updates mirrored counters before the metrics are rendered.
    package typealias BeforeScrape = @Sendable (any EventLoop) -> EventLoopFuture<Void>

    let content: HTTPContent
    let registry: MetricRegistry
    package let configuration: HTTPServiceConfiguration
    /// Serves `/v3/`; nil if it is not served.
    let gateway: JSONGateway?
    let healthMetrics: HealthMetrics
    let beforeScrape: BeforeScrape
    let observe: @Sendable (HTTPEvent) -> Void

    /// - Parameters:
    ///   - gateway: serves the paths below `/v3/`, which are not found without it.
    ///   - beforeScrape: called on the event loop of the scrape; its failure is ignored.
    ///   - observe: receives events to be logged, on event loops.
    package init(
        source: any HealthSource, registry: MetricRegistry, configuration: HTTPServiceConfiguration,
        gateway: JSONGateway? = nil,
        beforeScrape: @escaping BeforeScrape = { $0.makeSucceededVoidFuture() },
        observe: @escaping @Sendable (HTTPEvent) -> Void = { _ in }
    ) {
        content = .member(source)
        self.registry = registry
        self.configuration = configuration
        self.gateway = gateway
        self.beforeScrape = beforeScrape
        self.observe = observe
        healthMetrics = HealthMetrics(registry: registry)
    }

    /// A service of other pages than those of a member, and of metrics.
    package init(
        pages: any HTTPPages, registry: MetricRegistry, configuration: HTTPServiceConfiguration,
        beforeScrape: @escaping BeforeScrape
    ) {
        content = .pages(pages)
        self.registry = registry
        self.configuration = configuration
        self.beforeScrape = beforeScrape
        gateway = nil
        observe = { _ in }
        healthMetrics = HealthMetrics(registry: registry)
    }

    /// Adds the HTTP/1.1 handlers to a channel. Call on the channel's event loop.
    ///
    /// - Parameter identity: who is on the other side. Encrypted requests may have any `Host`.
    package func configure(
        channel: any Channel, listener: HTTPListener, identity: ConnectionIdentity
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
            HTTPConnection(service: self, listener: listener, identity: identity))
    }

    /// Adds the HTTP/2 handlers to a channel that serves no gRPC. Call on the channel's event loop.
    ///
    /// - Parameters:
    ///   - identity: who is on the other side. Encrypted requests may have any `Host`.
    ///   - loop: the shared state of the HTTP/2 connections of the channel's event loop.
    package func configureHTTP2(
        channel: any Channel, listener: HTTPListener, identity: ConnectionIdentity,
        loop: HTTP2Loop
    ) throws {
        var http2 = HTTP2Configuration()
        http2.concurrentStreamsMax = UInt32(HTTP2Requests.openMax)
        http2.keepalive.pingInterval = configuration.idleTimeout
        try HTTP2RequestConnection.addHandlers(
            to: channel,
            handler: HTTP2Requests(
                service: self, listener: listener, identity: identity, besideGRPC: false),
            configuration: http2, loop: loop)
    }

    /// Serves the requests of one HTTP/2 connection of a gRPC server that are not calls.
    ///
    /// - Parameter identity: who is on the other side. Encrypted requests may have any `Host`.
    package func requestHandler(
        listener: HTTPListener, identity: ConnectionIdentity
    ) -> any HTTP2RequestHandler {
        HTTP2Requests(service: self, listener: listener, identity: identity, besideGRPC: true)
    }
}

/// Events of requests to be logged.
package enum HTTPEvent: Sendable, Equatable {
    /// A plaintext request had a `Host` that is not allowed.
    case hostRejected(String)
    /// A health check failed.
    case unhealthy(path: String, output: String, status: Int)
}
