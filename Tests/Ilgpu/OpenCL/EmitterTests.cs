using ILGPU.Runtime.OpenCL;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.OpenCL;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>What the emitter refuses, and what its text says; needs no device except where said.</summary>
internal sealed class EmitterTests
{
    [Test]
    public void InlineAssemblyIsRefusedWithAHint()
    {
        KernelBuilder builder = new();
        builder.Add(new InlineAssembly("mov.u32 {0}, %clock;", [ScalarType.Int32], []) { Source = new SourceLocation("Kernels.Timed", 0x1c, "Kernels.cs", 12) });
        builder.Return();
        KernelCompilationException error = Assert.Throws<KernelCompilationException>(() => OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget { DeviceName = "Some GPU" }))!;
        Assert.That(error.Message, Does.Contain("kernel_under_test").And.Contain("Some GPU").And.Contain("CudaAsm.IsSupported").And.Contain("Kernels.cs:12"));
    }

    [Test]
    public void DoublesAreRefusedWhereTheDeviceHasNone()
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        builder.Store(output, Constant.Int32(0), Constant.Float64(1));
        builder.Return();
        Assert.That(() => OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget()), Throws.TypeOf<KernelCompilationException>().With.Message.Contain("cl_khr_fp64"));
        Assert.That(OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget { HasFloat64 = true }), Does.Contain("cl_khr_fp64 : enable"));
    }

    [Test]
    public void WideAtomicsAreRefusedWhereTheDeviceHasNone()
    {
        KernelBuilder builder = new();
        builder.Add(new Atomic(AtomicOp.Add, builder.GlobalPointer(), Constant.Int64(1)));
        builder.Return();
        Assert.That(() => OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget()), Throws.TypeOf<KernelCompilationException>().With.Message.Contain("64-bit atomics"));
    }

    [Test]
    public void GenericPointersAreRefused()
    {
        KernelBuilder builder = new();
        builder.Add(new Load(builder.Add(new CastSpace(builder.GlobalPointer(), AddressSpace.Generic)), ScalarType.Int32));
        builder.Return();
        Assert.That(() => OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget()), Throws.TypeOf<KernelCompilationException>().With.Message.Contain("generic address space"));
    }

    [Test]
    public void DivisionIsDoneInDoubleWhereFloatsAreNotCorrectlyRounded()
    {
        KernelBuilder builder = new();
        Parameter value = builder.Parameter(ScalarType.Float32);
        builder.Store(builder.GlobalPointer(), Constant.Int32(0), builder.Add(new Unary(UnaryOp.Sqrt, builder.Binary(BinaryOp.Divide, Constant.Float32(1), value))));
        builder.Return();
        string rounded = OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget { HasFloat64 = true, CorrectlyRoundedDivideSqrt = true });
        string helped = OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget { HasFloat64 = true });
        Assert.That(rounded, Does.Contain("1.0f / v").And.Not.Contain("double"));
        Assert.That(helped, Does.Contain("(float)((double)1.0f / (double)v").And.Contain("(float)sqrt((double)"));
    }

    [Test]
    public void TheSignatureIsReadBackFromTheSource()
    {
        KernelBuilder builder = new();
        builder.GlobalPointer();
        builder.Parameter(ScalarType.Int64);
        builder.Parameter(ScalarType.Int8);
        builder.Parameter(ScalarType.Float32);
        builder.Add(new Load(new DynamicShared(), ScalarType.Int32));
        builder.Add(new Shuffle(ShuffleKind.Index, Constant.Int32(1), Constant.Int32(1), 0));
        builder.Return();
        OpenCLSignature signature = OpenCLSignature.Parse(OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget()));
        Assert.That(signature.Code, Is.EqualTo("p814DW"));
        Assert.That(signature.ParameterCount, Is.EqualTo(4));
        Assert.That(() => OpenCLSignature.Parse("__kernel void f() {}"), Throws.TypeOf<FormatException>());
    }

    [Test]
    public void ABuildErrorShowsTheKernelTheLogAndTheNumberedSource()
    {
        OpenCLRunner runner = OpenCLRunner.Require();
        CLException error = Assert.Throws<CLException>(() => CLProgram.FromSource(runner.Context, runner.Device, "Some.Wrong", "wrong", "// arguments: \n__kernel void wrong() { undeclared = 1; }\n"))!;
        Assert.That(error.Message, Does.Contain("kernel Some.Wrong").And.Contain("undeclared").And.Contain("   2  __kernel void wrong()"));
        Assert.That(error.Error, Is.EqualTo(CLError.CL_BUILD_PROGRAM_FAILURE));
    }

    [Test]
    public void AGroupThatIsTooLargeNamesTheKernelAndTheDeviceGoesOn()
    {
        OpenCLRunner runner = OpenCLRunner.Require();
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        builder.Store(output, builder.GlobalThread(), Constant.Int32(7));
        builder.Return();
        int[] result = new int[4];
        CLException error = Assert.Throws<CLException>(() => runner.Run(builder.Kernel, 1, runner.Device.MaxGroupSize * 2, result))!;
        Assert.That(error.Message, Does.Contain("kernel_under_test").And.Contain("more threads than the device"));
        runner.Run(builder.Kernel, 2, 2, result);
        Assert.That(result, Is.All.EqualTo(7));
    }
}
