import NIOHTTP1
package import NIOCore

/// What an `HTTPService` serves.
enum HTTPContent: Sendable {
    /// The pages of a member.
    case member(any HealthSource)
    /// Those of another program.
    case pages(any HTTPPages)
}

/// The pages of a program that is not a member, such as a proxy.
package protocol HTTPPages: Sendable {
    /// The path of the metrics of this process.
    var metricsPath: String { get }

    /// The page of a path; nil for one that does not exist. The future never fails.
    func page(
        _ path: String, method: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HTTPPage>?
}

/// One page.
package struct HTTPPage: Sendable {
    package var status: Int
    package var contentType: String
    package var body: [UInt8]
    /// Further header fields.
    package var fields: [(name: String, value: String)]

    package init(
        status: Int = 200, contentType: String, body: [UInt8],
        fields: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.fields = fields
    }

    /// An error as written by Go's servers: the text and a newline.
    package static func failure(_ status: Int, _ text: String) -> HTTPPage {
        HTTPPage(
            status: status, contentType: HTTPResponse.plainText, body: Array((text + "\n").utf8),
            fields: [("X-Content-Type-Options", "nosniff")])
    }

    /// The response to a method that a page does not serve.
    package static func methodNotAllowed(allow: String) -> HTTPPage {
        var page = failure(405, "Method Not Allowed")
        page.fields.append(("Allow", allow))
        return page
    }
}

extension HTTPResponse {
    init(_ page: HTTPPage) {
        self.init(
            HTTPResponseStatus(statusCode: page.status), contentType: page.contentType,
            body: page.body)
        for field in page.fields { headers.add(name: field.name, value: field.value) }
    }
}
