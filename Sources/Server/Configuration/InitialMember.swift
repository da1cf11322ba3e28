import GoText

/// One member of a list such as `--initial-cluster`: its name and its peer URLs, sorted.
package struct InitialMember: Sendable, Equatable {
    package let name: String
    /// Sorted; a URL that is listed twice is here twice.
    package let peerURLs: [EndpointURL]

    package init(name: String, peerURLs: [EndpointURL]) {
        self.name = name
        self.peerURLs = peerURLs.sorted()
    }

    /// Reads `name=url,name=url`, ordered by name; a repeated name adds URLs to one member.
    package static func list(_ text: String) throws(ConfigurationError) -> [InitialMember] {
        var urls: [(name: String, urls: [EndpointURL])] = []
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = pair[0].drop(while: \.isWhitespace)
            guard pair.count == 2, !pair[1].isEmpty else {
                throw ConfigurationError(
                    "error setting up initial cluster: empty URL given for \(String(name).goQuoted)"
                )
            }
            do {
                let url = try EndpointURL(String(pair[1]))
                if let index = urls.firstIndex(where: { $0.name == name }) {
                    urls[index].urls.append(url)
                } else {
                    urls.append((String(name), [url]))
                }
            } catch {
                throw ConfigurationError("error setting up initial cluster: \(error.message)")
            }
        }
        return urls.map { InitialMember(name: $0.name, peerURLs: $0.urls) }
            .sorted { $0.name < $1.name }
    }
}
