import EtcdClient
import GRPC
import HTTP2
import MonotonicClock
import TLS

/// The configurations of the modules, derived from the flags.
extension GRPCServerConfiguration {
    init(_ configuration: ProxyConfiguration) {
        self.init()
        let limits = configuration.limits
        metadataNames = CallerIdentity.metadataNames
        http2.concurrentStreamsMax =
            limits.concurrentStreamsMax == .max ? nil : limits.concurrentStreamsMax
        if limits.keepaliveIntervalMin > .zero {
            http2.keepalive.peerPingIntervalMin = TimeSpan(limits.keepaliveIntervalMin)
        }
        if limits.keepaliveInterval > .zero, limits.keepaliveTimeout > .zero {
            http2.keepalive.pingInterval = max(TimeSpan(limits.keepaliveInterval), .seconds(1))
            http2.keepalive.pingTimeout = TimeSpan(limits.keepaliveTimeout)
        }
    }
}

extension EtcdClient.Configuration {
    init(_ configuration: ProxyConfiguration) {
        self.init()
        let limits = configuration.limits
        keepaliveInterval = limits.dialKeepaliveInterval
        keepaliveTimeout = limits.dialKeepaliveTimeout
        pingsIdleMembers = limits.permitsPingsWithoutStreams
        responseBytesMax = Int(clamping: limits.receiveBytesMax)
        requestBytesMax = Int(clamping: limits.sendBytesMax)
        failsWithoutConnection = true
        if configuration.endpointSyncInterval > .zero {
            memberSynchronizationInterval = configuration.endpointSyncInterval
        }
        guard configuration.dialing.isGiven else { return }
        var security = EtcdClient.Security()
        let files = configuration.dialing
        security.authoritiesFile = files.authoritiesFile.isEmpty ? nil : files.authoritiesFile
        security.certificateFile = files.certificateFile.isEmpty ? nil : files.certificateFile
        security.keyFile = files.keyFile.isEmpty ? nil : files.keyFile
        security.skipsVerification = files.skipsVerification
        self.security = security
    }
}

extension EtcdClient.Security {
    /// The proxy as a client of its own listener: with its certificate, as in etcd.
    init(asClientOf listening: ProxyConfiguration.ListeningSecurity) {
        self.init()
        authoritiesFile = listening.trustedCAFile.isEmpty ? nil : listening.trustedCAFile
        certificateFile = listening.certificateFile.isEmpty ? nil : listening.certificateFile
        keyFile = listening.keyFile.isEmpty ? nil : listening.keyFile
        skipsVerification = listening.isAutomatic
    }
}

extension TLSEndpointConfiguration {
    init(listening: ProxyConfiguration.ListeningSecurity) {
        self.init()
        certificateFile = listening.certificateFile
        keyFile = listening.keyFile
        trustedCAFile = listening.trustedCAFile
        revocationListFile = listening.revocationListFile
        versionMin = TLSVersion(rawValue: listening.versionMin) ?? .v12
        versionMax = TLSVersion(rawValue: listening.versionMax)
        cipherSuites = listening.cipherSuites
    }

    init(dialing: ProxyConfiguration.DialingSecurity) {
        self.init()
        certificateFile = dialing.certificateFile
        keyFile = dialing.keyFile
        trustedCAFile = dialing.authoritiesFile
        skipsServerVerification = dialing.skipsVerification
    }
}
