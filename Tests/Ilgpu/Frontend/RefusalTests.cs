using ILGPU;
using ILGPU.Runtime;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>What no device can do is refused with its place and reason; what cannot be reached is not.</summary>
public unsafe class RefusalTests
{
    private static int s_mutable;

    private static void Throws(int* output, int a)
    {
        if (a < 0)
        {
            throw new ArgumentException("negative");
        }
        output[0] = a;
    }

    private static void MakesArray(int* output, int a) => output[0] = new int[a].Length;

    private static void MakesObject(int* output, int a) => output[0] = new List<int> { a }.Count;

    private static void UsesText(int* output, int a) => output[0] = $"{a}".Length;

    private static int Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);

    private static void Recursive(int* output, int a) => output[0] = Factorial(a);

    private static void Checked(int* output, int a) => output[0] = checked(a + 1);

    private static void WritesStatic(int* output, int a) => s_mutable = a + output[0];

    private static void ReadsStatic(int* output, int a) => output[0] = s_mutable + a;

    private static void Tries(int* output, int a)
    {
        try
        {
            output[0] = a;
        }
        finally
        {
            output[1] = a;
        }
    }

    private static void CallsInterface(int* output, int a) => output[0] = ((IComparable<int>)a).CompareTo(3);

    private static void Captures(int* output, int a)
    {
        Func<int, int> add = x => x + a;
        output[0] = add(1);
    }

    private static void FunctionPointer(int* output, int a)
    {
        delegate*<int, int> f = a > 0 ? &Factorial : &Twice;
        output[0] = f(a);
    }

    private static void AlignsByAnyNumber(ArrayView<float> output, int a) => output.AsAligned(a)[0] = 1;

    private static int Twice(int x) => 2 * x;

    private static IEnumerable<TestCaseData> Kernels()
    {
        yield return Case(nameof(Throws), "no exceptions");
        yield return Case(nameof(MakesArray), "makes an array");
        yield return Case(nameof(MakesObject), "List");
        yield return Case(nameof(UsesText), "no objects|exceptions|class");
        yield return Case(nameof(Recursive), "calls itself");
        yield return Case(nameof(Checked), "unchecked");
        yield return Case(nameof(WritesStatic), "is written");
        yield return Case(nameof(ReadsStatic), "can change");
        yield return Case(nameof(Tries), "try");
        yield return Case(nameof(CallsInterface), "no objects|interface");
        yield return Case(nameof(Captures), "no objects");
        yield return Case(nameof(AlignsByAnyNumber), "power of two that is known");
        yield return Case(nameof(FunctionPointer), "function pointer|objects");
    }

    private static TestCaseData Case(string method, string reason) => new TestCaseData(method, reason).SetArgDisplayNames(method);

    [TestCaseSource(nameof(Kernels))]
    public void Is_refused(string method, string reason)
    {
        KernelCompilationException refusal = Assert.Throws<KernelCompilationException>(
            () => Harness.Compile(typeof(RefusalTests).GetMethod(method, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!))!;
        Assert.That(refusal.Reason, Does.Match(reason));
        Assert.That(refusal.Message, Does.Contain(method));
        Assert.That(refusal.Location, Does.Contain("IL"));
    }

    [Test]
    public void The_message_names_the_source_line()
    {
        KernelCompilationException refusal = Harness.Refused(Throws);
        Assert.That(refusal.Location, Does.Match(@"RefusalTests\.cs:1\d"));
    }

    private static void Guarded(int* output, int a, int mode)
    {
        if (mode == 1)
        {
            output[0] = a;
        }
        else if (sizeof(nint) == 4 || typeof(int) == typeof(long))
        {
            throw new InvalidOperationException();
        }
        for (int i = 0; i < 2; i++)
        {
            if (i == 5)
            {
                output[0] = new int[a].Length;
            }
        }
    }

    [Test]
    public void Code_that_constants_exclude_may_contain_anything()
    {
        KernelFunction kernel = Harness.Compile(
            typeof(RefusalTests).GetMethod(nameof(Guarded), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!,
            optimise: true, specialised: [null, null, 1]);
        Assert.That(kernel.Parameters, Has.Count.EqualTo(2));
    }
}
