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
        guard listener == .client else {
            return route(request, isClient: false, on: eventLoop)
        }
        let host = request.hostName
        if !identity.isEncrypted, !configuration.allowsHost(host) {
            observe(.hostRejected(host))
            return eventLoop.makeSucceededFuture(.misdirected(host: host))
        }
        let origin = configuration.allowedOrigin(of: request)
        let response =
            request.method == .OPTIONS
            ? eventLoop.makeSucceededFuture(HTTPResponse(.ok, contentType: nil, body: []))
            : route(request, isClient: true, on: eventLoop)
        guard let origin else { return response }
        return response.map { response in
            var response = response
            response.allowOrigin(origin)
            return response
        }
    }

    private func route(
        _ request: HTTPRequest, isClient: Bool, on eventLoop: any EventLoop
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
        if let health = health(request, on: eventLoop) { return health }
        guard isClient else { return eventLoop.makeSucceededFuture(.notFound) }
        switch request.path {
        case "/version":
            return getOnly(request, on: eventLoop) { versions(on: eventLoop) }
        case "/debug/vars":
            return getOnly(request, on: eventLoop) { debugVariables(on: eventLoop) }
        case _ where request.path.hasPrefix(ProfilePages.prefix) && configuration.servesProfiles:
            return eventLoop.makeSucceededFuture(profile(request.path))
        case _
        where request.path.hasPrefix(JSONRoutes.prefix)
            && configuration.isJSONGatewayEnabled:
            return eventLoop.makeSucceededFuture(
                JSONRoutes.response(method: request.method, path: request.path))
        default:
            return eventLoop.makeSucceededFuture(.notFound)
        }
    }

    /// Paths that are only served with a trailing slash.
    private var trees: [String] {
        (configuration.isJSONGatewayEnabled ? ["/v3"] : [])
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
        _ request: HTTPRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse>? {
        let healthQuery = healthQuery(on: eventLoop)
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

    private func healthQuery(on eventLoop: any EventLoop) -> HealthQuery {
        HealthQuery(
            source: source, eventLoop: eventLoop,
            timeout: configuration.healthTimeout)
    }

    /// The body of `/version`, here and on the peer listener.
    package static func versionJSON(_ report: HealthReport?) -> String {
        let cluster = JSONText.quote(report?.clusterVersion ?? "not_decided")
        let storage = JSONText.quote(report?.storageVersion ?? "unknown")
        return "{\"etcdserver\":\"\(reportedVersion)\",\"etcdcluster\":\(cluster),"
            + "\"storage\":\(storage)}"
    }

    private func versions(on eventLoop: any EventLoop) -> EventLoopFuture<HTTPResponse> {
        healthQuery(on: eventLoop).report().map { .json(.ok, Self.versionJSON($0)) }
    }

    private func profile(_ path: String) -> HTTPResponse {
        ProfilePages.page(path: path, commandLine: configuration.commandLine) ?? .notFound
    }

    private func debugVariables(on eventLoop: any EventLoop) -> EventLoopFuture<HTTPResponse> {
        let text = DebugVariables.json(
            commandLine: configuration.commandLine, raft: source.raftStatus)
        return eventLoop.makeSucceededFuture(
            HTTPResponse(
                .ok, contentType: "application/json; charset=utf-8", body: Array(text.utf8)))
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
