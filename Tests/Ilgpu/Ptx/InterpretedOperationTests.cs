using Managed.Ilgpu.Compiler.Ptx;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>
/// Every operation and type: the PTX is run by the interpreter, which was written from the instruction set's description, and compared
/// bit for bit with plain C#. NaNs count as equal, as hardware makes its own.
/// </summary>
internal sealed class InterpretedOperationTests
{
    private static IEnumerable<TestCaseData> Named(IEnumerable<OperationKernels.Operation> operations) =>
        operations.Select(operation => new TestCaseData(operation).SetArgDisplayNames(operation.Name));

    public static IEnumerable<TestCaseData> Exact() => Named(OperationKernels.Everything()
        .Where(operation => !operation.Name.Contains(" to ") && !operation.Name.Contains("Approximate")));

    public static IEnumerable<TestCaseData> Conversions() => Named(OperationKernels.Conversions());

    public static IEnumerable<TestCaseData> Approximations() => Named(OperationKernels.Unaries().Where(operation => operation.Name.Contains("Approximate")));

    [TestCaseSource(nameof(Exact))]
    public void Gives_what_CSharp_gives(OperationKernels.Operation operation) =>
        OperationChecks.Exact(operation, InterpretedStructureTests.Launch, PtxTarget.Sm80, PtxTarget.Sm70);

    [TestCaseSource(nameof(Conversions))]
    public void Converts_as_CSharp_does(OperationKernels.Operation operation) =>
        OperationChecks.Conversion(operation, InterpretedStructureTests.Launch, PtxTarget.Sm80);

    [TestCaseSource(nameof(Approximations))]
    public void Approximates_within_its_bound(OperationKernels.Operation operation) =>
        OperationChecks.Approximation(operation, InterpretedStructureTests.Launch, PtxTarget.Sm70, PtxTarget.Sm80);
}
