import GRPC
import NIOHTTP1
import ProtobufJSON
import StatusCodes

extension HTTPResponse {
    /// The response to a failed call, with the HTTP status of its code.
    static func gatewayError(_ status: GRPCStatus) -> HTTPResponse {
        var response = HTTPResponse(
            HTTPResponseStatus(of: status.code), contentType: json, body: status.gatewayJSON)
        if status.code == .unauthenticated {
            response.headers.add(name: "Www-Authenticate", value: status.message.headerValue)
        }
        return response
    }

    /// The head of a successful response.
    static func gatewayHead(body: [UInt8] = []) -> HTTPResponse {
        var response = HTTPResponse(.ok, contentType: json, body: body)
        response.headers.add(name: "Grpc-Metadata-Content-Type", value: "application/grpc")
        return response
    }
}

extension GRPCStatus {
    static let noRoute = GRPCStatus(.notFound, "Not Found")

    /// `{"code":3,"message":"..."}`
    var gatewayJSON: [UInt8] {
        var json = Array("{\"code\":\(code.rawValue),\"message\":".utf8)
        json.appendJSONString(Array(message.utf8))
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// The line that ends a stream with an error.
    var gatewayLine: [UInt8] { Array("{\"error\":".utf8) + gatewayJSON + Array("}\n".utf8) }
}

extension HTTPResponseStatus {
    /// The HTTP status of a gRPC code.
    fileprivate init(of code: StatusCode) {
        self.init(statusCode: code.httpStatus)
    }
}

extension String {
    /// The text as the value of a header, which has no control characters.
    fileprivate var headerValue: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }
}
