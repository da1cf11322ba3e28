import GoText
import HTTPServices
import MonotonicClock
import NIOCore
import PeerTransport
import ServerLogging

/// The pages of the listen address and of `--metrics-addr`.
struct ProxyPages: HTTPPages {
    let health: ProxyHealth
    /// The endpoints that are asked for the metrics of a member.
    let endpoints: @Sendable () -> [String]
    let dialing: PeerDialing
    /// Whether endpoints without a scheme have TLS.
    let isEncrypted: Bool
    let logger: ServerLogger

    let metricsPath = "/proxy/metrics"

    private static let metricsTime = TimeSpan.seconds(5)
    private static let plainText = "text/plain; charset=utf-8"

    func page(
        _ path: String, method: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPPage>? {
        switch path {
        case "/health": healthPage(method, eventLoop) { health.failureOfMembers() }
        case "/proxy/health": healthPage(method, eventLoop) { health.failureOfProxy() }
        case "/metrics": metricsOfMember(on: eventLoop)
        default: nil
        }
    }

    private func healthPage(
        _ method: String, _ eventLoop: any EventLoop, _ failure: () -> EventLoopFuture<String?>
    ) -> EventLoopFuture<HTTPPage> {
        guard method == "GET" else {
            return eventLoop.makeSucceededFuture(.methodNotAllowed(allow: "GET"))
        }
        return failure().hop(to: eventLoop).map { reason in
            let body = "{\"health\":\"\(reason == nil)\",\"reason\":\((reason ?? "").goJSON)}"
            guard reason != nil else {
                return HTTPPage(contentType: Self.plainText, body: Array(body.utf8))
            }
            logger.warn("/health error", ["output": .string(body), "status-code": 503])
            return .failure(503, body)
        }
    }

    /// The metrics of one of the members.
    private func metricsOfMember(on eventLoop: any EventLoop) -> EventLoopFuture<HTTPPage> {
        let endpoint = endpoints().randomElement() ?? ""
        let url =
            endpoint.contains("://") ? endpoint : (isEncrypted ? "https://" : "http://") + endpoint
        let promise = eventLoop.makePromise(of: HTTPPage.self)
        promise.completeWithTask {
            do {
                let response = try await PeerClient.request(
                    url: url, path: "/metrics", timeout: Self.metricsTime, group: eventLoop,
                    dialing: dialing)
                return HTTPPage(
                    status: response.status, contentType: "text/plain; version=0.0.4",
                    body: response.body)
            } catch {
                return .failure(500, "Internal server error")
            }
        }
        return promise.futureResult
    }
}
