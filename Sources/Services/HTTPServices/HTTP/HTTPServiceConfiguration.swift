package import MonotonicClock

/// The configuration of the HTTP/1.1 service.
package struct HTTPServiceConfiguration: Sendable {
    /// Origins that browsers may call from; empty or `*` allows all.
    package var allowedOrigins: Set<String> = ["*"]
    /// Host names that plaintext requests may use; empty or `*` allows all.
    package var hostWhitelist: Set<String> = ["*"]
    /// Whether `/debug/pprof/` is served.
    package var servesProfiles = false
    /// Maximum request body; a larger one is refused with 413.
    package var bodyBytesMax = 2 << 20
    /// Maximum size of path and headers of a request; more is refused with 431.
    package var headerBytesMax = 1 << 20
    /// Maximum number of header fields of a request; more is refused with 431.
    package var headerFieldsMax = 256
    /// Timeout of the reads of a health check.
    package var healthTimeout = TimeSpan.seconds(7)
    /// A connection without a complete request for this time is closed.
    package var idleTimeout = TimeSpan.seconds(300)
    /// The process' arguments, for `/debug/vars`.
    package var commandLine: [String] = []

    package init() {}

    /// `Access-Control-Allow-Origin` for a request; nil for an origin that is not allowed.
    func allowedOrigin(of request: HTTPRequest) -> String? {
        if allowedOrigins.isEmpty || allowedOrigins.contains("*") { return "*" }
        guard let origin = request.headers.first(name: "Origin"), allowedOrigins.contains(origin)
        else { return nil }
        return origin
    }

    /// Whether a plaintext request may have this `Host`: protects against DNS rebinding by a web
    /// page (CVE-2018-5702).
    func allowsHost(_ host: String) -> Bool {
        hostWhitelist.isEmpty || hostWhitelist == [""] || hostWhitelist.contains("*")
            || hostWhitelist.contains(host)
    }
}
