/*
 * Class: compile, cpu
 * Attacks: javac's memory and time: the innermost of 24 `finally` blocks is compiled 16 million times,
 *   since each is there twice, once for each way out.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 * Slow: javac uses up all of a compile's time.
 */
public class FinallyBomb {
    static void step() { }

    public static void main(String[] args) {
        try { step(); } finally { try { step(); } finally { try { step(); } finally { try { step(); } finally { 
        try { step(); } finally { try { step(); } finally { try { step(); } finally { try { step(); } finally { 
        try { step(); } finally { try { step(); } finally { try { step(); } finally { try { step(); } finally { 
        try { step(); } finally { try { step(); } finally { try { step(); } finally { try { step(); } finally { 
        try { step(); } finally { try { step(); } finally { try { step(); } finally { try { step(); } finally { 
        try { step(); } finally { try { step(); } finally { try { step(); } finally { try { step(); } finally { 
        step();
         } } } } } } } } } } } } } } } } } } } } } } } }
    }
}
