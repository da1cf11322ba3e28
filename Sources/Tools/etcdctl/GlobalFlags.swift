import CommandParsing

/// The flags of all commands.
enum GlobalFlags {
    static let all: [Flag] = [
        Flag("endpoints", .list, "127.0.0.1:2379", "gRPC endpoints"),
        Flag("debug", .bool, "false", "enable client-side debug logging"),
        Flag(
            "write-out", .string, "simple",
            "set the output format (fields, json, protobuf, simple, table)", shorthand: "w"),
        Flag("hex", .bool, "false", "print byte strings as hex encoded strings"),
        Flag("dial-timeout", .duration, "2s", "dial timeout for client connections"),
        Flag(
            "command-timeout", .duration, "5s",
            "timeout for short running command (excluding dial timeout)"),
        Flag("keepalive-time", .duration, "2s", "keepalive time for client connections"),
        Flag("keepalive-timeout", .duration, "6s", "keepalive timeout for client connections"),
        Flag("max-request-bytes", .int64, "0", "size of a request that the client sends at most"),
        Flag("max-recv-bytes", .int64, "0", "size of a response that the client receives at most"),
        Flag(
            "insecure-transport", .bool, "true",
            "disable transport security for client connections"),
        Flag(
            "insecure-discovery", .bool, "true",
            "accept insecure SRV records describing cluster endpoints"),
        Flag(
            "insecure-skip-tls-verify", .bool, "false",
            "skip server certificate verification (for testing purposes only)"),
        Flag(
            "cert", .string, "", "identify secure client using this TLS certificate file"),
        Flag("key", .string, "", "identify secure client using this TLS key file"),
        Flag(
            "cacert", .string, "",
            "verify certificates of TLS-enabled secure servers using this CA bundle"),
        Flag("auth-jwt-token", .string, "", "JWT token used for authentication"),
        Flag(
            "user", .string, "",
            "username[:password] for authentication (prompt if password is not supplied)"),
        Flag(
            "password", .string, "",
            "password for authentication (if this option is used, --user must not include it)"),
        Flag(
            "discovery-srv", .string, "", "domain name to query for SRV records of endpoints",
            shorthand: "d"),
        Flag("discovery-srv-name", .string, "", "service name to query when using DNS discovery"),
    ]
}
