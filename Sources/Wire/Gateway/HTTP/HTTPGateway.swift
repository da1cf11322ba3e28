package import NIOCore
import NIOHTTP1

/// Which paths a listener serves over HTTP/1.1.
package enum GatewayListener: Sendable {
    /// Everything, for clients.
    case client
    /// Health and metrics only, without CORS headers.
    case metrics
}

/// The HTTP/1.1 side of the client and metrics listeners: health, versions, metrics.
///
/// It owns no socket: whoever listens calls `configure` for each connection that speaks HTTP/1.1.
/// Everything of one connection happens on its event loop, one request at a time.
package final class HTTPGateway: Sendable {
    /// Brings counters that are kept elsewhere up to date before the metrics are rendered.
    package typealias BeforeScrape = @Sendable (any EventLoop) -> EventLoopFuture<Void>

    let source: any HealthSource
    let registry: MetricRegistry
    package let settings: GatewaySettings
    let healthMetrics: HealthMetrics
    let beforeScrape: BeforeScrape
    let observe: @Sendable (GatewayEvent) -> Void

    /// - Parameters:
    ///   - beforeScrape: runs on the event loop of the scrape; a failure of it is not shown.
    ///   - observe: called on event loops for what a log should tell.
    package init(
        source: any HealthSource, registry: MetricRegistry, settings: GatewaySettings,
        beforeScrape: @escaping BeforeScrape = { $0.makeSucceededVoidFuture() },
        observe: @escaping @Sendable (GatewayEvent) -> Void = { _ in }
    ) {
        self.source = source
        self.registry = registry
        self.settings = settings
        self.beforeScrape = beforeScrape
        self.observe = observe
        healthMetrics = HealthMetrics(registry: registry)
    }

    /// Makes a channel an HTTP/1.1 connection of this gateway. Call on the channel's event loop.
    ///
    /// - Parameter isEncrypted: whether TLS is below; then any `Host` is accepted.
    package func configure(
        channel: any Channel, listener: GatewayListener, isEncrypted: Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = settings.headersMaximumBytes
        limits.maxHeaderFieldSize = min(limits.maxHeaderFieldSize, settings.headersMaximumBytes)
        limits.maxHeaderFieldCount = settings.headerFieldsMaximum
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(
                    leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(
            GatewayConnection(gateway: self, listener: listener, isEncrypted: isEncrypted))
    }
}

/// What a log should tell about requests.
package enum GatewayEvent: Sendable, Equatable {
    /// A plaintext request named a host that is not allowed.
    case hostRejected(String)
    /// A health endpoint answered that something is wrong.
    case unhealthy(path: String, output: String, status: Int)
}
