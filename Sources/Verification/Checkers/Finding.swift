/// A violation found by a checker, as text.
package struct Finding: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
