/// What a judge has found wrong, in words.
package struct Finding: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
