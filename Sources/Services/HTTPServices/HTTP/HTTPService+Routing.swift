import GoText
import ConnectionIdentity
import NIOCore
import NIOHTTP1
import NIOPosix
import Prometheus

extension HTTPService {
    /// Responds to one request; the future never fails.
    func respond(
        to request: HTTPRequest, listener: HTTPListener, identity: ConnectionIdentity,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        let source: any HealthSource
        switch content {
        case .pages(let pages): return page(request, of: pages, on: eventLoop)
        case .member(let member): source = member
        }
        guard listener == .client else {
            return route(request, source, isClient: false, on: eventLoop)
        }
        let host = request.hostName
        if !identity.isEncrypted, !configuration.allowsHost(host) {
            observe(.hostRejected(host))
            return eventLoop.makeSucceededFuture(.misdirected(host: host))
        }
        if ignoresCommonName(request, identity) {
            return eventLoop.makeSucceededFuture(.ignoredCommonName)
        }
        let origin = configuration.allowedOrigin(of: request)
        let response =
            request.method == .OPTIONS
            ? eventLoop.makeSucceededFuture(HTTPResponse(.ok, contentType: nil, body: []))
            : route(request, source, isClient: true, on: eventLoop)
        guard let origin else { return response }
        return response.map { response in
            var response = response
            response.allowOrigin(origin)
            return response
        }
    }

    /// The exchange of a request that the JSON gateway serves; nil for any other request, also one
    /// that is refused before its path counts.
    func exchange(
        for request: HTTPRequest, listener: HTTPListener, identity: ConnectionIdentity,
        on eventLoop: any EventLoop
    ) -> GatewayExchange? {
        guard let gateway, request.method == .POST, let route = gateway.routes[request.path],
            reachesGateway(request, listener, identity)
        else { return nil }
        return GatewayExchange(
            gateway, route, request, origin: configuration.allowedOrigin(of: request),
            on: eventLoop)
    }

    /// The exchange of a request for a WebSocket to the JSON gateway, which is nil without a route,
    /// and the text that accepts it; nil for any other request.
    func webSocket(
        for request: HTTPRequest, listener: HTTPListener, identity: ConnectionIdentity,
        on eventLoop: any EventLoop
    ) -> (GatewayExchange?, accept: String)? {
        guard let gateway, request.path.hasPrefix(JSONGateway.prefix),
            case .accepted(let accept) = WebSocketUpgrade(request),
            reachesGateway(request, listener, identity)
        else { return nil }
        let exchange = gateway.routes[request.path].map {
            GatewayExchange(gateway, $0, request, origin: nil, on: eventLoop)
        }
        return (exchange, accept)
    }

    /// Whether nothing before the gateway responds to a request below its path.
    private func reachesGateway(
        _ request: HTTPRequest, _ listener: HTTPListener, _ identity: ConnectionIdentity
    ) -> Bool {
        listener == .client
            && (identity.isEncrypted || configuration.allowsHost(request.hostName))
            && !ignoresCommonName(request, identity) && request.callRefusal == nil
            && request.redirection(trees: trees) == nil
    }

    /// Whether the client shows a certificate that names a user, which the gateway ignores.
    private func ignoresCommonName(
        _ request: HTTPRequest, _ identity: ConnectionIdentity
    ) -> Bool {
        guard let gateway, request.path.hasPrefix(JSONGateway.prefix),
            let certificate = identity.certificate, !certificate.commonName.isEmpty
        else { return false }
        return gateway.refusesCommonNames()
    }

    private func route(
        _ request: HTTPRequest, _ source: any HealthSource, isClient: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        if let refusal = request.callRefusal {
            return eventLoop.makeSucceededFuture(refusal)
        }
        if let target = request.redirection(trees: isClient ? trees : []) {
            return eventLoop.makeSucceededFuture(.redirect(to: target, method: request.method))
        }
        if request.path == "/metrics" {
            return scrape(ContentEncoding(accepted: request.headers), on: eventLoop)
        }
        if let health = health(request, source, on: eventLoop) { return health }
        guard isClient else { return eventLoop.makeSucceededFuture(.notFound) }
        switch request.path {
        case "/version":
            return getOnly(request, on: eventLoop) { versions(source, on: eventLoop) }
        case "/debug/vars":
            return getOnly(request, on: eventLoop) { debugVariables(source, on: eventLoop) }
        case _ where request.path.hasPrefix(ProfilePages.prefix) && configuration.servesProfiles:
            return eventLoop.makeSucceededFuture(profile(request.path))
        default:
            guard let gateway, request.path.hasPrefix(JSONGateway.prefix) else {
                return eventLoop.makeSucceededFuture(.notFound)
            }
            if case .refused(let response) = WebSocketUpgrade(request) {
                return eventLoop.makeSucceededFuture(response)
            }
            return eventLoop.makeSucceededFuture(gateway.refusal(request))
        }
    }

    /// Paths that are only served with a trailing slash.
    private var trees: [String] {
        (gateway == nil ? [] : ["/v3"])
            + (configuration.servesProfiles ? ["/debug/pprof"] : [])
    }

    private func getOnly(
        _ request: HTTPRequest, on eventLoop: any EventLoop,
        _ body: () -> EventLoopFuture<HTTPResponse>
    ) -> EventLoopFuture<HTTPResponse> {
        guard request.method == .GET else {
            return eventLoop.makeSucceededFuture(.methodNotAllowed(allow: "GET"))
        }
        return body()
    }

    /// The response of a health endpoint; nil for any other path.
    private func health(
        _ request: HTTPRequest, _ source: any HealthSource, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse>? {
        let healthQuery = healthQuery(source, on: eventLoop)
        if request.path == "/health" {
            let endpoint = HealthEndpoint(healthQuery: healthQuery, metrics: healthMetrics)
            return getOnly(request, on: eventLoop) {
                observed(request.path, endpoint.respond(to: request))
            }
        }
        for endpoint in [HealthCheckEndpoint.livez, .readyz] {
            guard let checks = endpoint.checks(path: request.path) else { continue }
            return getOnly(request, on: eventLoop) {
                observed(
                    request.path,
                    endpoint.respond(to: request, checks, healthQuery, healthMetrics))
            }
        }
        return nil
    }

    private func observed(
        _ path: String, _ response: EventLoopFuture<HTTPResponse>
    ) -> EventLoopFuture<HTTPResponse> {
        response.map { [observe] response in
            if response.status != .ok {
                let output = String(decoding: response.body, as: UTF8.self)
                observe(
                    .unhealthy(path: path, output: output, status: Int(response.status.code)))
            }
            return response
        }
    }

    private func healthQuery(
        _ source: any HealthSource, on eventLoop: any EventLoop
    ) -> HealthQuery {
        HealthQuery(
            source: source, eventLoop: eventLoop,
            timeout: configuration.healthTimeout)
    }

    /// The body of `/version`, here and on the peer listener.
    package static func versionJSON(_ report: HealthReport?) -> String {
        let cluster = (report?.clusterVersion ?? "not_decided").goJSON
        let storage = (report?.storageVersion ?? "unknown").goJSON
        return "{\"etcdserver\":\"\(reportedVersion)\",\"etcdcluster\":\(cluster),"
            + "\"storage\":\(storage)}"
    }

    private func versions(
        _ source: any HealthSource, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        healthQuery(source, on: eventLoop).report().map { .json(.ok, Self.versionJSON($0)) }
    }

    private func profile(_ path: String) -> HTTPResponse {
        ProfilePages.page(path: path, commandLine: configuration.commandLine) ?? .notFound
    }

    private func debugVariables(
        _ source: any HealthSource, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        let text = DebugVariables.json(
            commandLine: configuration.commandLine, raft: source.raftStatus)
        return eventLoop.makeSucceededFuture(
            HTTPResponse(
                .ok, contentType: "application/json; charset=utf-8", body: Array(text.utf8)))
    }

    /// The page of another program than a member.
    private func page(
        _ request: HTTPRequest, of pages: any HTTPPages, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        if request.path == pages.metricsPath {
            return scrape(ContentEncoding(accepted: request.headers), on: eventLoop)
        }
        if request.path.hasPrefix(ProfilePages.prefix), configuration.servesProfiles {
            return eventLoop.makeSucceededFuture(profile(request.path))
        }
        let page = pages.page(request.path, method: request.method.rawValue, on: eventLoop)
        return page?.map(HTTPResponse.init) ?? eventLoop.makeSucceededFuture(.notFound)
    }

    /// Renders and compresses the metrics on a pool thread, so as not to block the event loop.
    private func scrape(
        _ encoding: ContentEncoding, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        let registry = self.registry
        return beforeScrape(eventLoop).recover { _ in }.hop(to: eventLoop).flatMap {
            NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
                var response = HTTPResponse(
                    .ok, contentType: MetricRegistry.contentType, body: registry.scrape())
                if encoding == .gzip { response.compress() }
                return response
            }
        }.recover { error in
            .failure(.internalServerError, "the metrics cannot be read: \(error)")
        }
    }
}
