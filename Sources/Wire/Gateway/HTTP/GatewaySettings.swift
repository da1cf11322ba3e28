/// What an operator can choose about the HTTP/1.1 side of the listeners.
package struct GatewaySettings: Sendable {
    /// Origins that browsers may call from; empty or `*` allows all.
    package var allowedOrigins: Set<String> = ["*"]
    /// Host names that plaintext requests may use; empty or `*` allows all.
    package var hostWhitelist: Set<String> = ["*"]
    /// Whether `/v3/` is there at all.
    package var isJSONGatewayEnabled = true
    /// Whether `/debug/pprof/` is there.
    package var servesProfiles = false
    /// Greatest request body; more is refused with 413.
    package var bodyMaximumBytes = 2 << 20
    /// Path and headers of one request in bytes; more is refused with 431.
    package var headersMaximumBytes = 1 << 20
    /// Headers of one request, counted in fields; more is refused with 431.
    package var headerFieldsMaximum = 256
    /// How long a health check may wait for its read.
    package var healthTimeoutMilliseconds: Int64 = 7000
    /// A connection without a request for this long is closed.
    package var idleTimeoutMilliseconds: Int64 = 300_000
    /// The process' arguments, for `/debug/vars`.
    package var commandLine: [String] = []

    package init() {}

    /// The value of `Access-Control-Allow-Origin` for a request; nil for an origin not allowed.
    func allowedOrigin(of request: GatewayRequest) -> String? {
        if allowedOrigins.isEmpty || allowedOrigins.contains("*") { return "*" }
        guard let origin = request.headers.first(name: "Origin"), allowedOrigins.contains(origin)
        else { return nil }
        return origin
    }

    /// Whether a plaintext request may name this host: a page that rebinds its own name to this
    /// address must not reach the server through a browser (CVE-2018-5702).
    func allowsHost(_ host: String) -> Bool {
        hostWhitelist.isEmpty || hostWhitelist == [""] || hostWhitelist.contains("*")
            || hostWhitelist.contains(host)
    }
}
