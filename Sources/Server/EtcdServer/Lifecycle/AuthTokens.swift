import Bootstrap
import Configuration
import Credentials
import Glibc
import Identifiers
import InitialMembers
import MemberRuntime
import MonotonicClock
import ServerLogging
import TLS

/// The kind of tokens that `--auth-token` asks for. Keys are read once, before the member starts.
enum AuthTokens: Sendable {
    case simple(timeToLive: TimeSpan)
    case signed(SignedTokens)
    case none

    /// Checks the flag as etcd does at the start, and logs the mistakes.
    init(_ configuration: ServerConfiguration, logger: ServerLogger) throws(BootstrapError) {
        do throws(BootstrapError) {
            self = try Self.make(configuration, logger)
        } catch {
            logger.warn(
                "failed to create token provider", ["error": .string(error.description)])
            throw error
        }
    }

    private static func make(
        _ configuration: ServerConfiguration, _ logger: ServerLogger
    ) throws(BootstrapError) -> AuthTokens {
        guard let options = AuthTokenOptions(configuration.authToken, logger: logger) else {
            throw BootstrapError(AuthTokenOptions.reason)
        }
        switch options.type {
        case "simple":
            logger.warn("simple token is not cryptographically signed")
            let seconds = Int64(clamping: configuration.authTokenTTLSeconds)
            return .simple(timeToLive: .seconds(seconds))
        case "jwt": return .signed(try signed(options, logger))
        case "": return .none
        default:
            logger.warn(
                "unknown token type",
                ["type": .string(options.type), "error": .string(AuthTokenOptions.reason)])
            throw BootstrapError(AuthTokenOptions.reason)
        }
    }

    /// In etcd's order: time to live, public key, private key, method.
    private static func signed(
        _ options: AuthTokenOptions, _ logger: ServerLogger
    ) throws(BootstrapError) -> SignedTokens {
        let loaded: SignedTokenOptions
        do throws(SigningKeyError) {
            loaded = try SignedTokenOptions(options)
        } catch {
            logger.error("problem loading JWT options", ["error": .string(error.description)])
            throw BootstrapError(AuthTokenOptions.reason)
        }
        let unknown = options.values.keys.filter { !SignedTokenOptions.keys.contains($0) }
        if !unknown.isEmpty {
            logger.warn("unknown JWT options", ["keys": .strings(unknown.sorted())])
        }
        guard let method = SigningMethod(rawValue: loaded.method) else {
            throw BootstrapError("unsupported signing method: *jwt.signingMethodNone")
        }
        do throws(SigningKeyError) {
            return try SignedTokens(
                method, privateFile: loaded.privateFile, publicFile: loaded.publicFile,
                timeToLive: loaded.timeToLive,
                unixSeconds: { unixMilliseconds() / 1000 })
        } catch {
            throw BootstrapError(error.description)
        }
    }

    /// - Parameters: see `SimpleTokens`.
    func provider(
        loggedIndex: LogIndex, appliedIndex: @escaping @Sendable () -> LogIndex
    ) -> any TokenProvider {
        switch self {
        case .simple(let timeToLive):
            SimpleTokens(
                timeToLive: timeToLive, loggedIndex: loggedIndex, appliedIndex: appliedIndex
            ) { .now() }
        case .signed(let tokens): tokens
        case .none: NoTokens()
        }
    }
}

/// The options of `--auth-token=jwt`, with the key files read.
private struct SignedTokenOptions {
    var timeToLive = SignedTokens.defaultTimeToLive
    var publicFile: [UInt8] = []
    var privateFile: [UInt8] = []
    /// A method, or `none`, which golang-jwt knows and etcd refuses.
    let method: String

    static let keys: Set = ["sign-method", "pub-key", "priv-key", "ttl"]

    /// - Throws: etcd's text.
    init(_ options: AuthTokenOptions) throws(SigningKeyError) {
        if let text = options["ttl"] {
            do throws(GoDurationError) {
                timeToLive = .nanoseconds(try GoDuration.parse(text))
            } catch {
                throw SigningKeyError(error.description)
            }
        }
        publicFile = try Self.read(options["pub-key"])
        privateFile = try Self.read(options["priv-key"])
        method = options["sign-method"] ?? ""
        guard method == "none" || SigningMethod(rawValue: method) != nil else {
            throw SigningKeyError("auth: invalid auth signature method")
        }
    }

    private static func read(_ path: String?) throws(SigningKeyError) -> [UInt8] {
        guard let path else { return [] }
        do throws(TLSConfigurationError) {
            return try FileContents.read(path)
        } catch {
            throw SigningKeyError(error.description)
        }
    }
}

extension PasswordHashing {
    /// Hashing at the configured cost; one that bcrypt does not have is replaced with a warning, as
    /// in etcd.
    convenience init(_ configuration: ServerConfiguration, logger: ServerLogger) {
        let cost = Int(clamping: configuration.bcryptCost)
        self.init(cost: cost)
        guard self.cost != cost else { return }
        logger.warn(
            "use default bcrypt cost instead of the invalid given cost",
            [
                "min-cost": .number(Self.costs.lowerBound),
                "max-cost": .number(Self.costs.upperBound),
                "default-cost": .number(Self.defaultCost), "given-cost": .number(cost),
            ])
    }
}
