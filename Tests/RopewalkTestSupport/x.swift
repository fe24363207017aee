import Foundation
// x
