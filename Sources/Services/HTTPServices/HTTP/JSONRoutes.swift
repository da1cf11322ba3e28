import NIOHTTP1

/// The paths of the JSON gateway under `/v3/`; all of them accept POST.
enum JSONRoutes {
    static let prefix = "/v3/"

    private static let paths: Set<String> = {
        let services = [
            "kv": ["range", "put", "deleterange", "txn", "compaction"]
                + ["lease/leases", "lease/revoke", "lease/timetolive"],
            "lease": ["grant", "keepalive", "leases", "revoke", "timetolive"],
            "cluster/member": ["add", "list", "promote", "remove", "update"],
            "maintenance": ["alarm", "defragment", "downgrade", "hash", "hashkv"]
                + ["snapshot", "status", "transfer-leadership"],
            "auth": ["authenticate", "disable", "enable", "status"],
            "auth/role": ["add", "delete", "get", "grant", "list", "revoke"],
            "auth/user": ["add", "changepw", "delete", "get", "grant", "list", "revoke"],
            "election": ["campaign", "leader", "observe", "proclaim", "resign"],
            "lock": ["lock", "unlock"],
        ]
        let nested = services.flatMap { service, calls in
            calls.map { prefix + service + "/" + $0 }
        }
        return Set(nested + [prefix + "watch"])
    }()

    /// The response to a path under the prefix: the gateway is not implemented yet.
    static func response(method: HTTPMethod, path: String) -> HTTPResponse {
        guard paths.contains(path) else {
            return .json(.notFound, #"{"code":5, "message":"Not Found"}"#)
        }
        guard method == .POST else {
            return .json(.notImplemented, #"{"code":12, "message":"Method Not Allowed"}"#)
        }
        return .json(
            .notImplemented, #"{"code":12,"message":"the JSON gateway is not supported yet"}"#)
    }
}
