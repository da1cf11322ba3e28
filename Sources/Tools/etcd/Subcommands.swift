/// The programs besides the server, by the first word of the command line.
let subcommands: [String: @Sendable ([String]) async -> Never] = [
    "gateway": GatewayCommand.run,
    "grpc-proxy": GRPCProxyCommand.run,
]
