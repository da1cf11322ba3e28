import NIOCore
import NIOHTTP1
import NIOPosix

extension HTTPGateway {
    /// Answers one request; the future never fails.
    func answer(
        _ request: GatewayRequest, listener: GatewayListener, isEncrypted: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayResponse> {
        guard listener == .client else {
            return route(request, isClient: false, on: eventLoop)
        }
        let host = request.hostName
        if !isEncrypted, !settings.allowsHost(host) {
            observe(.hostRejected(host))
            return eventLoop.makeSucceededFuture(.misdirected(host: host))
        }
        let origin = settings.allowedOrigin(of: request)
        let response =
            request.method == .OPTIONS
            ? eventLoop.makeSucceededFuture(GatewayResponse(.ok, contentType: nil, body: []))
            : route(request, isClient: true, on: eventLoop)
        guard let origin else { return response }
        return response.map { response in
            var response = response
            response.allowOrigin(origin)
            return response
        }
    }

    private func route(
        _ request: GatewayRequest, isClient: Bool, on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayResponse> {
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
        case _ where request.path.hasPrefix(ProfilePages.prefix) && settings.servesProfiles:
            return eventLoop.makeSucceededFuture(profile(request.path))
        case _ where request.path.hasPrefix(JSONRoutes.prefix) && settings.isJSONGatewayEnabled:
            return eventLoop.makeSucceededFuture(
                JSONRoutes.answer(method: request.method, path: request.path))
        default:
            return eventLoop.makeSucceededFuture(.notFound)
        }
    }

    /// Paths that are served with a slash at their end only.
    private var trees: [String] {
        (settings.isJSONGatewayEnabled ? ["/v3"] : [])
            + (settings.servesProfiles ? ["/debug/pprof"] : [])
    }

    private func getOnly(
        _ request: GatewayRequest, on eventLoop: any EventLoop,
        _ body: () -> EventLoopFuture<GatewayResponse>
    ) -> EventLoopFuture<GatewayResponse> {
        guard request.method == .GET else {
            return eventLoop.makeSucceededFuture(.methodNotAllowed(allow: "GET"))
        }
        return body()
    }

    /// The answer of a health endpoint; nil for any other path.
    private func health(
        _ request: GatewayRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayResponse>? {
        let question = self.question(on: eventLoop)
        if request.path == "/health" {
            let endpoint = HealthEndpoint(question: question, metrics: healthMetrics)
            return getOnly(request, on: eventLoop) {
                observed(request.path, endpoint.answer(request))
            }
        }
        for endpoint in [HealthCheckEndpoint.livez, .readyz] {
            guard let checks = endpoint.checks(path: request.path) else { continue }
            return getOnly(request, on: eventLoop) {
                observed(
                    request.path, endpoint.answer(request, checks, question, healthMetrics))
            }
        }
        return nil
    }

    private func observed(
        _ path: String, _ response: EventLoopFuture<GatewayResponse>
    ) -> EventLoopFuture<GatewayResponse> {
        response.map { [observe] response in
            if response.status != .ok {
                let output = String(decoding: response.body, as: UTF8.self)
                observe(
                    .unhealthy(path: path, output: output, status: Int(response.status.code)))
            }
            return response
        }
    }

    private func question(on eventLoop: any EventLoop) -> HealthQuestion {
        HealthQuestion(
            source: source, eventLoop: eventLoop,
            timeoutMilliseconds: settings.healthTimeoutMilliseconds)
    }

    /// What `/version` tells, here and on the peer listener.
    package static func versionJSON(_ report: HealthReport?) -> String {
        let cluster = JSONText.quote(report?.clusterVersion ?? "not_decided")
        let storage = JSONText.quote(report?.storageVersion ?? "unknown")
        return "{\"etcdserver\":\"\(reportedVersion)\",\"etcdcluster\":\(cluster),"
            + "\"storage\":\(storage)}"
    }

    private func versions(on eventLoop: any EventLoop) -> EventLoopFuture<GatewayResponse> {
        question(on: eventLoop).report().map { .json(.ok, Self.versionJSON($0)) }
    }

    private func profile(_ path: String) -> GatewayResponse {
        ProfilePages.page(path: path, commandLine: settings.commandLine) ?? .notFound
    }

    private func debugVariables(on eventLoop: any EventLoop) -> EventLoopFuture<GatewayResponse> {
        let text = DebugVariables.json(
            commandLine: settings.commandLine, raft: source.raftStatus)
        return eventLoop.makeSucceededFuture(
            GatewayResponse(
                .ok, contentType: "application/json; charset=utf-8", body: Array(text.utf8)))
    }

    /// Renders and compresses on a thread of its own kind: the text is long, and the loop has
    /// clients to serve.
    private func scrape(
        _ encoding: ContentEncoding, on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayResponse> {
        let registry = self.registry
        return beforeScrape(eventLoop).recover { _ in }.hop(to: eventLoop).flatMap {
            NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
                var response = GatewayResponse(
                    .ok, contentType: MetricRegistry.contentType, body: registry.scrape())
                if encoding == .gzip { response.compress() }
                return response
            }
        }.recover { error in
            .failure(.internalServerError, "the metrics cannot be read: \(error)")
        }
    }
}
