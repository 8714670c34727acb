namespace ILGPU.Runtime;

/// <summary>
/// Makes kernels ready to be launched. LoadKernel and LoadStreamKernel: explicitly grouped, launched with a <see cref="KernelConfig"/>.
/// LoadImplicitlyGrouped… and LoadAutoGrouped…: the first parameter is the thread's index, launched with an extent; the group's size is the caller's or
/// the accelerator's choice. …StreamKernel launches in the accelerator's default stream, the others in the one given.
/// </summary>
public static partial class KernelLoaders
{
    /// <summary>An explicitly grouped kernel of 1 parameter.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1> LoadKernel<T1>(this Accelerator accelerator, Action<T1> action)
        where T1 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1) => launcher.Launch(stream, config, new Arguments<T1>(a1));
    }

    /// <summary>An explicitly grouped kernel of 1 parameter, in the default stream.</summary>
    public static Action<KernelConfig, T1> LoadStreamKernel<T1>(this Accelerator accelerator, Action<T1> action)
        where T1 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1>(a1));
    }

    /// <summary>An explicitly grouped kernel of 2 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2> LoadKernel<T1, T2>(this Accelerator accelerator, Action<T1, T2> action)
        where T1 : struct
        where T2 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2) => launcher.Launch(stream, config, new Arguments<T1, T2>(a1, a2));
    }

    /// <summary>An explicitly grouped kernel of 2 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2> LoadStreamKernel<T1, T2>(this Accelerator accelerator, Action<T1, T2> action)
        where T1 : struct
        where T2 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2>(a1, a2));
    }

    /// <summary>An explicitly grouped kernel of 3 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3> LoadKernel<T1, T2, T3>(this Accelerator accelerator, Action<T1, T2, T3> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3) => launcher.Launch(stream, config, new Arguments<T1, T2, T3>(a1, a2, a3));
    }

    /// <summary>An explicitly grouped kernel of 3 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3> LoadStreamKernel<T1, T2, T3>(this Accelerator accelerator, Action<T1, T2, T3> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3>(a1, a2, a3));
    }

    /// <summary>An explicitly grouped kernel of 4 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4> LoadKernel<T1, T2, T3, T4>(this Accelerator accelerator, Action<T1, T2, T3, T4> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4>(a1, a2, a3, a4));
    }

    /// <summary>An explicitly grouped kernel of 4 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4> LoadStreamKernel<T1, T2, T3, T4>(this Accelerator accelerator, Action<T1, T2, T3, T4> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4>(a1, a2, a3, a4));
    }

    /// <summary>An explicitly grouped kernel of 5 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5> LoadKernel<T1, T2, T3, T4, T5>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5>(a1, a2, a3, a4, a5));
    }

    /// <summary>An explicitly grouped kernel of 5 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5> LoadStreamKernel<T1, T2, T3, T4, T5>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5>(a1, a2, a3, a4, a5));
    }

    /// <summary>An explicitly grouped kernel of 6 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6> LoadKernel<T1, T2, T3, T4, T5, T6>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6>(a1, a2, a3, a4, a5, a6));
    }

    /// <summary>An explicitly grouped kernel of 6 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6> LoadStreamKernel<T1, T2, T3, T4, T5, T6>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6>(a1, a2, a3, a4, a5, a6));
    }

    /// <summary>An explicitly grouped kernel of 7 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7> LoadKernel<T1, T2, T3, T4, T5, T6, T7>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7>(a1, a2, a3, a4, a5, a6, a7));
    }

    /// <summary>An explicitly grouped kernel of 7 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7>(a1, a2, a3, a4, a5, a6, a7));
    }

    /// <summary>An explicitly grouped kernel of 8 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8>(a1, a2, a3, a4, a5, a6, a7, a8));
    }

    /// <summary>An explicitly grouped kernel of 8 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8>(a1, a2, a3, a4, a5, a6, a7, a8));
    }

    /// <summary>An explicitly grouped kernel of 9 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9>(a1, a2, a3, a4, a5, a6, a7, a8, a9));
    }

    /// <summary>An explicitly grouped kernel of 9 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9>(a1, a2, a3, a4, a5, a6, a7, a8, a9));
    }

    /// <summary>An explicitly grouped kernel of 10 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10));
    }

    /// <summary>An explicitly grouped kernel of 10 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10));
    }

    /// <summary>An explicitly grouped kernel of 11 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11));
    }

    /// <summary>An explicitly grouped kernel of 11 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11));
    }

    /// <summary>An explicitly grouped kernel of 12 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
        where T12 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12));
    }

    /// <summary>An explicitly grouped kernel of 12 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
        where T12 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12));
    }

    /// <summary>An explicitly grouped kernel of 13 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
        where T12 : struct
        where T13 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13));
    }

    /// <summary>An explicitly grouped kernel of 13 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
        where T12 : struct
        where T13 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13));
    }

    /// <summary>An explicitly grouped kernel of 14 parameters.</summary>
    public static Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> LoadKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
        where T12 : struct
        where T13 : struct
        where T14 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14) => launcher.Launch(stream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14));
    }

    /// <summary>An explicitly grouped kernel of 14 parameters, in the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> action)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
        where T9 : struct
        where T10 : struct
        where T11 : struct
        where T12 : struct
        where T13 : struct
        where T14 : struct
    {
        KernelLauncher launcher = new(accelerator, action, false, 0, default);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14) => launcher.Launch(accelerator.DefaultStream, config, new Arguments<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14));
    }
}
