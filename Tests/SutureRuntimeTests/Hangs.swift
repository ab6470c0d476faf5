// SPDX-License-Identifier: Apache-2.0

import Testing

extension Trait where Self == TimeLimitTrait {
    /// Ends a test that would never end. It measures nothing: on a busy machine, a test that needs a second can wait minutes
    /// for its turn, and those count.
    static var endsWhatHangs: Self { .timeLimit(.minutes(30)) }
}
