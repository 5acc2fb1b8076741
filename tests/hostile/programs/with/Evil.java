/*
 * Attacks: the compile, from inside javac: an annotation processor runs wrapper.sh.
 * Invariant and allowed outcomes: see there.
 */
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.annotation.processing.SupportedAnnotationTypes;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;

@SupportedAnnotationTypes("*")
public class Evil extends AbstractProcessor {
    @Override
    public SourceVersion getSupportedSourceVersion() {
        return SourceVersion.latest();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
        try {
            new ProcessBuilder("sh", "/build/wrapper.sh").inheritIO().start().waitFor();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
        return false;
    }
}
