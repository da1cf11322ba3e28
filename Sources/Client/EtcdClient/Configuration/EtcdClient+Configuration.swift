extension EtcdClient {
    /// Timeouts, retries and keepalive of a client.
    public struct Configuration: Sendable {
        /// The timeout of a call that gives none: includes the wait for a connection and retries.
        public var timeout: Duration = .seconds(5)
        /// The timeout of one attempt to connect, until the member has responded; zero: none but
        /// that of the call.
        public var dialTimeout: Duration = .seconds(2)
        /// Time without data after which a member is pinged while calls are open, at least five
        /// seconds, which is what members allow by default; zero disables pings.
        public var keepaliveInterval: Duration = .seconds(10)
        /// Time after a ping without response until the connection counts as lost.
        public var keepaliveTimeout: Duration = .seconds(5)
        /// Whether members are pinged while no call is open.
        package var pingsIdleMembers = false
        /// Which calls are repeated on another endpoint.
        public var retries = RetryPolicy()
        /// Whether a call fails as soon as no endpoint can be reached; otherwise it waits for a
        /// connection until its timeout.
        public var failsWithoutConnection = false
        /// Whether members without a leader refuse calls, which are then repeated on others.
        /// Serializable reads and calls of one member are served without a leader.
        public var requiresLeader = true
        /// Whether serializable reads are repeated on other endpoints until they are at least as
        /// new as every response that this client has received before.
        public var ordersSerializableReads = false
        /// How often the endpoints are replaced by the client URLs of the members; nil: never.
        public var memberSynchronizationInterval: Duration?
        /// Certificates for endpoints with TLS. Without it an `https` endpoint is verified against
        /// the authorities of the system; with it an endpoint without a scheme uses TLS too.
        public var security: Security?
        /// Who the calls are made for; nil: no user.
        public var credentials: Credentials?
        /// Requests above this size fail with `requestTooLarge` before they are sent.
        public var requestBytesMax = 2 * 1024 * 1024
        /// Responses above this size fail with `requestTooLarge`.
        public var responseBytesMax = Int(Int32.max)

        public init() {}
    }

    /// The certificates of a client. Files are read again when they have changed.
    public struct Security: Sendable, Hashable {
        /// File with the authorities that the members' certificates are checked against; nil takes
        /// those of the system.
        public var authoritiesFile: String?
        /// File with the certificate that this client shows, and those of its issuers; nil shows
        /// none.
        public var certificateFile: String?
        /// File with the key of the certificate.
        public var keyFile: String?
        /// Accepts any certificate of a member: for tests only.
        public var skipsVerification = false

        public init() {}
    }

    /// Who the calls are made for.
    public enum Credentials: Sendable {
        /// The client gets a token for the name, and another one when that expires.
        case password(name: String, password: String)
        /// A token that is used as it is, such as a JWT.
        case token(String)
        /// Called for the first token, and for another one when the server refuses it.
        case tokens(@Sendable () async throws -> String)
    }

    /// Which calls are repeated, on another endpoint if there is one. Calls are only repeated until
    /// their timeout.
    ///
    /// Writes are repeated only if they have certainly not been executed: no connection could be
    /// opened, the server refused the stream before it read it, or it responded that it had no
    /// leader or that the token was invalid. Whether a write can be repeated in other cases, only
    /// the caller knows: see ``EtcdClientError/isCertainlyNotExecuted``.
    public struct RetryPolicy: Sendable, Hashable {
        /// Repetitions of one call at most. Zero: none.
        public var retriesMax = 20
        /// Whether calls that change nothing are repeated after losses of connections, timeouts of
        /// one endpoint and changes of the leader. The renewal of a lease is one of them.
        public var repeatsReads = true
        /// The pause before the first repetition; it doubles up to `pauseMax`, and is shortened by
        /// a random part of up to a half.
        public var pause: Duration = .milliseconds(20)
        public var pauseMax: Duration = .seconds(1)

        public init() {}

        /// Repeats nothing.
        public static var none: RetryPolicy {
            var policy = RetryPolicy()
            policy.retriesMax = 0
            return policy
        }
    }
}

extension EtcdClient.RetryPolicy {
    /// The pause before a repetition.
    ///
    /// - Parameter number: 0 for the first one.
    func pause(before number: Int) -> Duration {
        let longest = min(pause * (1 << min(number, 16)), pauseMax)
        return longest * Double.random(in: 0.5...1)
    }
}
