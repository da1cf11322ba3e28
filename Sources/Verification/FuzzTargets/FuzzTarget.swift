/// The fuzzed parsers, by the name of the corpus in Tests/FuzzTests/Regressions.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case authRecords = "AuthRecords"
    case authRequests = "AuthRequests"
    case bolt = "Bolt"
    case certificates = "Certificates"
    case clientHello = "ClientHello"
    case clientResponses = "ClientResponses"
    case configFile = "ConfigFile"
    case dns = "DNS"
    case formerEntries = "FormerEntries"
    case gatewayRequests = "GatewayRequests"
    case gzip = "Gzip"
    case headerBlocks = "HeaderBlocks"
    case http2 = "HTTP2"
    case http2Client = "HTTP2Client"
    case pem = "PEM"
    case peerRequests = "PeerRequests"
    case peerStreams = "PeerStreams"
    case proxyMessages = "ProxyMessages"
    case raft = "Raft"
    case revisionKey = "RevisionKey"
    case snapshotFile = "SnapshotFile"
    case tokenKeys = "TokenKeys"
    case tokens = "Tokens"
    case traceContexts = "TraceContexts"
    case webSocket = "WebSocket"
    case wire = "Wire"
    case writeAheadLog = "WriteAheadLog"

    /// Feeds one input to the parser.
    package func run(_ input: UnsafeRawBufferPointer) {
        switch self {
        case .authRecords: fuzzAuthRecords(input)
        case .authRequests: fuzzAuthRequests(input)
        case .bolt: fuzzBolt(input)
        case .certificates: fuzzCertificates(input)
        case .clientHello: fuzzClientHello(input)
        case .clientResponses: fuzzClientResponses(input)
        case .configFile: fuzzConfigFile(input)
        case .dns: fuzzDNS(input)
        case .formerEntries: fuzzFormerEntries(input)
        case .gatewayRequests: fuzzGatewayRequests(input)
        case .gzip: fuzzGzip(input)
        case .headerBlocks: fuzzHeaderBlocks(input)
        case .http2: fuzzHTTP2(input)
        case .http2Client: fuzzHTTP2Client(input)
        case .pem: fuzzPEM(input)
        case .peerRequests: fuzzPeerRequests(input)
        case .peerStreams: fuzzPeerStreams(input)
        case .proxyMessages: fuzzProxyMessages(input)
        case .raft: fuzzRaft(input)
        case .revisionKey: fuzzRevisionKey(input)
        case .snapshotFile: fuzzSnapshotFile(input)
        case .tokenKeys: fuzzTokenKeys(input)
        case .tokens: fuzzTokens(input)
        case .traceContexts: fuzzTraceContexts(input)
        case .webSocket: fuzzWebSocket(input)
        case .wire: fuzzWire(input)
        case .writeAheadLog: fuzzWriteAheadLog(input)
        }
    }
}
