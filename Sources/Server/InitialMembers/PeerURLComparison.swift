import Configuration
import GoText
package import ServerLogging

/// Compares two lists of peer URLs, also when one has host names and the other their addresses.
package struct PeerURLComparison {
    package static let limit = Duration.seconds(30)
    private static let retryInterval = Duration.seconds(1)

    let logger: ServerLogger
    /// When resolving names is given up.
    let deadline: ContinuousClock.Instant

    package init(logger: ServerLogger, deadline: ContinuousClock.Instant = .now + limit) {
        self.logger = logger
        self.deadline = deadline
    }

    /// The difference between the lists; nil when they are equal.
    package func difference(_ left: [String], _ right: [String]) async throws -> String? {
        guard left.count == right.count else {
            return "len(\(left.goQuoted)) != len(\(right.goQuoted))"
        }
        var (first, second): ([EndpointURL], [EndpointURL]) = ([], [])
        do {
            first = try Self.parsed(left)
            second = try Self.parsed(right)
        } catch {
            return error.description
        }
        if first.map(Self.normalizedText) == second.map(Self.normalizedText) { return nil }
        do {
            let (mine, theirs) = (try await resolved(first), try await resolved(second))
            for (one, other) in zip(mine, theirs) where one != other {
                return "resolved urls: \(one.goQuoted) != \(other.goQuoted)"
            }
            return nil
        } catch let error as HostResolutionError {
            return error.description
        }
    }

    private static func parsed(_ texts: [String]) throws(BootstrapError) -> [EndpointURL] {
        var urls: [EndpointURL] = []
        for text in texts {
            do {
                urls.append(try EndpointURL(text, allowsAnyPort: true))
            } catch {
                throw BootstrapError("failed to parse string to URL: \(text.goQuoted)")
            }
        }
        return urls.sorted()
    }

    /// The URL with its address in the shortest form.
    private static func normalizedText(_ url: EndpointURL) -> String {
        guard let address = HostResolution.normalized(url.host) else { return url.text }
        return "\(url.scheme.rawValue)://\(url.authority(of: address))"
    }

    private func resolved(_ urls: [EndpointURL]) async throws -> [String] {
        var texts: [String] = []
        for url in urls { texts.append(try await resolved(url)) }
        return texts.sorted()
    }

    /// `localhost` and Unix sockets are not resolved.
    private func resolved(_ url: EndpointURL) async throws -> String {
        if url.scheme.isUnixSocket || url.host == "localhost" { return url.text }
        while true {
            do {
                let address = try await HostResolution.address(of: url.host)
                let resolved = url.authority(of: address)
                logger.info(
                    "resolved URL Host",
                    [
                        "url": .string(url.text), "host": .string(url.authority),
                        "resolved-addr": .string(resolved),
                    ])
                return "\(url.scheme.rawValue)://\(resolved)"
            } catch let error as HostResolutionError {
                logger.warn(
                    "failed to resolve URL Host",
                    [
                        "url": .string(url.text), "host": .string(url.authority),
                        "retry-interval": .duration(Self.retryInterval), "error": .error(error),
                    ])
                guard ContinuousClock.now + Self.retryInterval < deadline else {
                    throw HostResolutionError(
                        description: "failed to resolve \(url.text.goQuoted) (\(error))")
                }
            }
            try await Task.sleep(for: Self.retryInterval)
        }
    }
}
